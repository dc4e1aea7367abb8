package tid

import (
	"context"
	"iter"
)

// TasksService reads and writes tasks.
type TasksService struct {
	service
	// Comments are what users have written about a task.
	Comments *TaskCommentsService
	// Checklists are the lists of things to tick off in a task.
	Checklists *TaskChecklistsService
	// Attachments are the files of a task.
	Attachments *TaskAttachmentsService
}

// TaskSort is a key that tasks can be sorted by.
type TaskSort string

// The sort keys of tasks.
const (
	TasksByCreatedDate TaskSort = "createdDate"
	TasksByTitle       TaskSort = "title"
	TasksByStartDate   TaskSort = "startDate"
	TasksByEndDate     TaskSort = "endDate"
)

var taskSorts = enumOf(TasksByCreatedDate, TasksByTitle, TasksByStartDate, TasksByEndDate)

func (TaskSort) values() enum { return taskSorts }

// Task is a thing to do.
type Task struct {
	ID            int64     `json:"id"`
	Title         string    `json:"title"`
	Description   string    `json:"description,omitzero"`
	StartDate     Date      `json:"startDate,omitzero"`
	StartTime     ClockTime `json:"startTime,omitzero"`
	EndDate       Date      `json:"endDate,omitzero"`
	EndTime       ClockTime `json:"endTime,omitzero"`
	CompletedDate DateTime  `json:"completedDate,omitzero"`
	ArchivedDate  DateTime  `json:"archivedDate,omitzero"`
	// Members are the users who are to do it.
	Members     []Member `json:"members,omitzero"`
	Tags        []Tag    `json:"tags,omitzero"`
	Board       *Ref     `json:"board,omitzero"`
	BoardColumn *Ref     `json:"boardColumn,omitzero"`
	Project     *Ref     `json:"project,omitzero"`
	Opportunity *Ref     `json:"opportunity,omitzero"`
	CreatedDate DateTime `json:"createdDate,omitzero"`
	UpdatedDate DateTime `json:"updatedDate,omitzero"`
	ObjectName  string   `json:"objectName,omitzero"`
}

// IsOpen reports whether the task is neither completed nor archived.
func (t *Task) IsOpen() bool { return t.CompletedDate.IsZero() && t.ArchivedDate.IsZero() }

// TaskInput is all that can be written of a task. An update replaces the task:
// what is left out is cleared. All names but Title, Description, ProjectID and
// EndDate are inferred.
type TaskInput struct {
	Title             string    `json:"title" tid:"required"`
	Description       string    `json:"description,omitzero"`
	ProjectID         int64     `json:"projectId,omitzero"`
	TaskBoardID       int64     `json:"taskBoardId,omitzero"`
	TaskBoardColumnID int64     `json:"taskBoardColumnId,omitzero"`
	StartDate         Date      `json:"startDate,omitzero"`
	StartTime         ClockTime `json:"startTime,omitzero"`
	EndDate           Date      `json:"endDate,omitzero"`
	EndTime           ClockTime `json:"endTime,omitzero"`
	// UserIDs are the task's Members.
	UserIDs []int64 `json:"userIds,omitzero"`
	TagIDs  []int64 `json:"tagIds,omitzero"`
}

// TaskListOptions choose and order tasks.
type TaskListOptions struct {
	ListOptions
	SortBy      TaskSort `url:"sortBy,omitempty"`
	TaskBoardID int64    `url:"filter.taskBoardId,omitempty"`
	// From and To are compared with a task's start and end: tasks without dates
	// vanish. Whether a To that is a day includes that day is unknown.
	From      DateOrTime `url:"filter.from,omitempty"`
	To        DateOrTime `url:"filter.to,omitempty"`
	ProjectID int64      `url:"filter.projectId,omitempty"`     // inferred
	UserIDs   []int64    `url:"filter.userIds,comma,omitempty"` // inferred
}

// List returns one page of the tasks.
//
// API: GET /v1/Core/Tasks
func (s *TasksService) List(ctx context.Context, opts *TaskListOptions) (*Page[Task], error) {
	return list[Task](ctx, s.client, "GET /v1/Core/Tasks", opts)
}

// All yields every task.
//
// API: GET /v1/Core/Tasks
func (s *TasksService) All(ctx context.Context, opts *TaskListOptions) iter.Seq2[*Task, error] {
	return all[Task](ctx, s.client, "GET /v1/Core/Tasks", opts)
}

// Gone yields the ids of those tasks in known that the API does not have any more.
// known gives ids, each with its CreatedDate; see [TimeReportsService.Gone]. When one
// seems to be gone, the whole list is read once, and decides: the API has no
// operation for a single task. ErrInvalidInput where known is nil, or has an id below
// 1.
//
// API: GET /v1/Core/Tasks
func (s *TasksService) Gone(ctx context.Context, known iter.Seq2[int64, DateTime]) iter.Seq2[int64, error] {
	return findGone[Task](ctx, s.client, "GET /v1/Core/Tasks", string(TasksByCreatedDate), known, nil)
}

// Create adds a task and returns it; of the answer only the id is certain.
// ErrInvalidInput without a title.
//
// API: POST /v1/Core/Tasks
func (s *TasksService) Create(ctx context.Context, in *TaskInput) (*Task, error) {
	return fetch[Task](ctx, s.client, "POST /v1/Core/Tasks", nil, in)
}

// Update replaces a task: what in leaves out is cleared. Where the API answers
// without a body the returned task has nothing but its id.
//
// API: PUT /v1/Core/Tasks/{id} (inferred)
func (s *TasksService) Update(ctx context.Context, id int64, in *TaskInput) (*Task, error) {
	return put[Task](ctx, s.client, "PUT /v1/Core/Tasks/{id}", in, nil, id)
}

// Delete removes a task.
//
// API: DELETE /v1/Core/Tasks/{id} (inferred)
func (s *TasksService) Delete(ctx context.Context, id int64) error {
	return s.client.exec(ctx, "DELETE /v1/Core/Tasks/{id}", nil, nil, nil, id)
}
