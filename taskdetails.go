package tid

import (
	"context"
	"iter"
)

// TaskCommentsService reads and writes the comments of a task.
type TaskCommentsService service

// TaskCommentSort is a key that task comments can be sorted by.
type TaskCommentSort string

// TaskCommentsByCreatedDate is the only sort key of task comments.
const TaskCommentsByCreatedDate TaskCommentSort = "createdDate"

var taskCommentSorts = enumOf(TaskCommentsByCreatedDate)

func (TaskCommentSort) values() enum { return taskCommentSorts }

// TaskCommentListOptions order the comments of a task.
type TaskCommentListOptions struct {
	ListOptions
	SortBy TaskCommentSort `url:"sortBy,omitempty"`
}

// List returns one page of the comments of a task.
//
// API: GET /v1/Core/Tasks/{taskId}/Comments (inferred)
func (s *TaskCommentsService) List(ctx context.Context, taskID int64, opts *TaskCommentListOptions) (*Page[Comment], error) {
	return list[Comment](ctx, s.client, "GET /v1/Core/Tasks/{taskId}/Comments", opts, taskID)
}

// All yields every comment of a task.
//
// API: GET /v1/Core/Tasks/{taskId}/Comments (inferred)
func (s *TaskCommentsService) All(ctx context.Context, taskID int64, opts *TaskCommentListOptions) iter.Seq2[*Comment, error] {
	return all[Comment](ctx, s.client, "GET /v1/Core/Tasks/{taskId}/Comments", opts, taskID)
}

// Create adds a comment to a task. ErrInvalidInput without a text.
//
// API: POST /v1/Core/Tasks/{taskId}/Comments
func (s *TaskCommentsService) Create(ctx context.Context, taskID int64, in *CommentInput) (*Comment, error) {
	return fetch[Comment](ctx, s.client, "POST /v1/Core/Tasks/{taskId}/Comments", nil, in, taskID)
}

// Update replaces the text of a comment. Where the API answers without a body
// the returned comment has nothing but its id.
//
// API: PUT /v1/Core/Tasks/{taskId}/Comments/{id} (inferred)
func (s *TaskCommentsService) Update(ctx context.Context, taskID, id int64, in *CommentInput) (*Comment, error) {
	return put[Comment](ctx, s.client, "PUT /v1/Core/Tasks/{taskId}/Comments/{id}", in, nil, taskID, id)
}

// Delete removes a comment of a task.
//
// API: DELETE /v1/Core/Tasks/{taskId}/Comments/{id} (inferred)
func (s *TaskCommentsService) Delete(ctx context.Context, taskID, id int64) error {
	return s.client.exec(ctx, "DELETE /v1/Core/Tasks/{taskId}/Comments/{id}", nil, nil, nil, taskID, id)
}

// TaskChecklistsService reads and writes the checklists of a task.
type TaskChecklistsService service

// ChecklistSort is a key that checklists can be sorted by.
type ChecklistSort string

// ChecklistsByName is the only sort key of checklists.
const ChecklistsByName ChecklistSort = "name"

var checklistSorts = enumOf(ChecklistsByName)

func (ChecklistSort) values() enum { return checklistSorts }

// Checklist is a list of things to tick off. All names are inferred.
type Checklist struct {
	ID         int64           `json:"id"`
	Name       string          `json:"name,omitzero"`
	Items      []ChecklistItem `json:"items,omitzero"`
	ObjectName string          `json:"objectName,omitzero"`
}

// ChecklistItem is one thing to tick off. All names are inferred.
type ChecklistItem struct {
	// ID is 0 for an item that is yet to be added.
	ID          int64  `json:"id,omitzero"`
	Text        string `json:"text,omitzero"`
	IsCompleted bool   `json:"isCompleted"`
	SortOrder   int    `json:"sortOrder,omitzero"`
	ObjectName  string `json:"objectName,omitzero"`
}

// ChecklistInput is all that can be written of a checklist. An update replaces
// the checklist and its items. All names are inferred.
type ChecklistInput struct {
	Name  string          `json:"name,omitzero"`
	Items []ChecklistItem `json:"items,omitzero"`
}

// ChecklistListOptions order the checklists of a task.
type ChecklistListOptions struct {
	ListOptions
	SortBy ChecklistSort `url:"sortBy,omitempty"`
}

// List returns one page of the checklists of a task.
//
// API: GET /v1/Core/Tasks/{taskId}/Checklists (inferred)
func (s *TaskChecklistsService) List(ctx context.Context, taskID int64, opts *ChecklistListOptions) (*Page[Checklist], error) {
	return list[Checklist](ctx, s.client, "GET /v1/Core/Tasks/{taskId}/Checklists", opts, taskID)
}

// All yields every checklist of a task.
//
// API: GET /v1/Core/Tasks/{taskId}/Checklists (inferred)
func (s *TaskChecklistsService) All(ctx context.Context, taskID int64, opts *ChecklistListOptions) iter.Seq2[*Checklist, error] {
	return all[Checklist](ctx, s.client, "GET /v1/Core/Tasks/{taskId}/Checklists", opts, taskID)
}

// Create adds a checklist with its items to a task.
//
// API: POST /v1/Core/Tasks/{taskId}/Checklists (inferred)
func (s *TaskChecklistsService) Create(ctx context.Context, taskID int64, in *ChecklistInput) (*Checklist, error) {
	return fetch[Checklist](ctx, s.client, "POST /v1/Core/Tasks/{taskId}/Checklists", nil, in, taskID)
}

// Update replaces a checklist and its items: what in leaves out is cleared.
// Where the API answers without a body the returned checklist has nothing but its id.
//
// API: PUT /v1/Core/Tasks/{taskId}/Checklists/{id} (inferred)
func (s *TaskChecklistsService) Update(ctx context.Context, taskID, id int64, in *ChecklistInput) (*Checklist, error) {
	return put[Checklist](ctx, s.client, "PUT /v1/Core/Tasks/{taskId}/Checklists/{id}", in, nil, taskID, id)
}

// Delete removes a checklist of a task.
//
// API: DELETE /v1/Core/Tasks/{taskId}/Checklists/{id} (inferred)
func (s *TaskChecklistsService) Delete(ctx context.Context, taskID, id int64) error {
	return s.client.exec(ctx, "DELETE /v1/Core/Tasks/{taskId}/Checklists/{id}", nil, nil, nil, taskID, id)
}

// TaskAttachmentsService reads and writes the attachments of a task.
type TaskAttachmentsService service

// AttachmentProvider is where an attachment is kept.
type AttachmentProvider string

// The providers of attachments.
const (
	AttachmentGoogleDrive AttachmentProvider = "googleDrive"
	AttachmentDropbox     AttachmentProvider = "dropbox"
	AttachmentOneDrive    AttachmentProvider = "oneDrive"
)

var attachmentProviders = enumOf(AttachmentGoogleDrive, AttachmentDropbox, AttachmentOneDrive)

func (AttachmentProvider) values() enum { return attachmentProviders }

// UnmarshalText reads a provider in any case and keeps an unknown one.
func (p *AttachmentProvider) UnmarshalText(text []byte) error {
	return attachmentProviders.decode((*string)(p), text)
}

// AttachmentSort is a key that attachments can be sorted by.
type AttachmentSort string

// AttachmentsByName is the only sort key of attachments.
const AttachmentsByName AttachmentSort = "name"

var attachmentSorts = enumOf(AttachmentsByName)

func (AttachmentSort) values() enum { return attachmentSorts }

// Attachment is a file of a task. All names are inferred.
type Attachment struct {
	ID   int64  `json:"id"`
	Name string `json:"name,omitzero"`
	// Provider is "" where the API says null.
	Provider AttachmentProvider `json:"provider,omitzero"`
	URL      string             `json:"url,omitzero"`
	// Size is in bytes; 0 when it is not known.
	Size        int64    `json:"size,omitzero"`
	ContentType string   `json:"contentType,omitzero"`
	CreatedDate DateTime `json:"createdDate,omitzero"`
	CreatedBy   *Ref     `json:"createdBy,omitzero"`
	ObjectName  string   `json:"objectName,omitzero"`
}

// AttachmentInput is all that can be written of an attachment: where the file is,
// not its content. All names are inferred.
type AttachmentInput struct {
	Name     string             `json:"name,omitzero"`
	Provider AttachmentProvider `json:"provider,omitzero"`
	URL      string             `json:"url,omitzero"`
}

// AttachmentListOptions choose and order the attachments of a task.
type AttachmentListOptions struct {
	ListOptions
	SortBy AttachmentSort `url:"sortBy,omitempty"`
}

// List returns one page of the attachments of a task.
//
// API: GET /v1/Core/Tasks/{taskId}/Attachments (inferred)
func (s *TaskAttachmentsService) List(ctx context.Context, taskID int64, opts *AttachmentListOptions) (*Page[Attachment], error) {
	return list[Attachment](ctx, s.client, "GET /v1/Core/Tasks/{taskId}/Attachments", opts, taskID)
}

// All yields every attachment of a task.
//
// API: GET /v1/Core/Tasks/{taskId}/Attachments (inferred)
func (s *TaskAttachmentsService) All(ctx context.Context, taskID int64, opts *AttachmentListOptions) iter.Seq2[*Attachment, error] {
	return all[Attachment](ctx, s.client, "GET /v1/Core/Tasks/{taskId}/Attachments", opts, taskID)
}

// Download starts the download of an attachment, or gives ErrNotFound. The caller
// closes the file's Body.
//
// API: GET /v1/Core/Tasks/{taskId}/Attachments/{id}/Download (inferred)
func (s *TaskAttachmentsService) Download(ctx context.Context, taskID, id int64) (*File, error) {
	return download(ctx, s.client, "GET /v1/Core/Tasks/{taskId}/Attachments/{id}/Download", taskID, id)
}

// Create adds an attachment to a task.
//
// API: POST /v1/Core/Tasks/{taskId}/Attachments (inferred)
func (s *TaskAttachmentsService) Create(ctx context.Context, taskID int64, in *AttachmentInput) (*Attachment, error) {
	return fetch[Attachment](ctx, s.client, "POST /v1/Core/Tasks/{taskId}/Attachments", nil, in, taskID)
}

// Update replaces an attachment: what in leaves out is cleared. Where the API
// answers without a body the returned attachment has nothing but its id.
//
// API: PUT /v1/Core/Tasks/{taskId}/Attachments/{id} (inferred)
func (s *TaskAttachmentsService) Update(ctx context.Context, taskID, id int64, in *AttachmentInput) (*Attachment, error) {
	return put[Attachment](ctx, s.client, "PUT /v1/Core/Tasks/{taskId}/Attachments/{id}", in, nil, taskID, id)
}

// Delete removes an attachment of a task.
//
// API: DELETE /v1/Core/Tasks/{taskId}/Attachments/{id} (inferred)
func (s *TaskAttachmentsService) Delete(ctx context.Context, taskID, id int64) error {
	return s.client.exec(ctx, "DELETE /v1/Core/Tasks/{taskId}/Attachments/{id}", nil, nil, nil, taskID, id)
}
