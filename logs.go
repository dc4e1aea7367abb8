package tid

import (
	"context"
	"iter"
)

// LogsService reads the log of what has happened to projects.
type LogsService service

// LogType is the kind of an entry in the log.
type LogType string

// The types of log entries. LogProjectAll is for filters: every type.
const (
	LogProjectAll              LogType = "project_All"
	LogProjectCreated          LogType = "project_Created"
	LogProjectUpdated          LogType = "project_Updated"
	LogProjectAddedNote        LogType = "project_Added_Note"
	LogProjectDeleted          LogType = "project_Deleted"
	LogProjectMentioned        LogType = "project_Mentioned"
	LogProjectChangedStatus    LogType = "project_Changed_Status"
	LogProjectUpdatedStartDate LogType = "project_Updated_StartDate"
	LogProjectUpdatedEndDate   LogType = "project_Updated_EndDate"
	LogProjectRemovedStartDate LogType = "project_Removed_StartDate"
	LogProjectRemovedEndDate   LogType = "project_Removed_EndDate"
)

var logTypes = enumOf(LogProjectAll, LogProjectCreated, LogProjectUpdated, LogProjectAddedNote,
	LogProjectDeleted, LogProjectMentioned, LogProjectChangedStatus, LogProjectUpdatedStartDate,
	LogProjectUpdatedEndDate, LogProjectRemovedStartDate, LogProjectRemovedEndDate)

func (LogType) values() enum { return logTypes }

// UnmarshalText reads a type in any case and keeps an unknown one.
func (t *LogType) UnmarshalText(text []byte) error {
	return logTypes.decode((*string)(t), text)
}

// LogSort is a key that log entries can be sorted by.
type LogSort string

// LogsByCreatedDate is the only sort key of log entries.
const LogsByCreatedDate LogSort = "createdDate"

var logSorts = enumOf(LogsByCreatedDate)

func (LogSort) values() enum { return logSorts }

// Log is one entry of the log. All names are inferred.
type Log struct {
	ID      int64   `json:"id"`
	LogType LogType `json:"logType,omitzero"`
	Text    string  `json:"text,omitzero"`
	Project *Ref    `json:"project,omitzero"`
	// User is the user that did it.
	User        *Ref     `json:"user,omitzero"`
	CreatedDate DateTime `json:"createdDate,omitzero"`
	ObjectName  string   `json:"objectName,omitzero"`
}

// LogListOptions choose and order log entries. All filters are inferred.
type LogListOptions struct {
	ListOptions
	SortBy  LogSort `url:"sortBy,omitempty"`
	LogType LogType `url:"filter.logType,omitempty"`
	// From and To are the first and the last day, or the times between which it
	// happened. Whether a To that is a day includes that day is unknown.
	From      DateOrTime `url:"filter.from,omitempty"`
	To        DateOrTime `url:"filter.to,omitempty"`
	ProjectID int64      `url:"filter.projectId,omitempty"`
}

// List returns one page of the log.
//
// API: GET /v1/Core/Logs (inferred)
func (s *LogsService) List(ctx context.Context, opts *LogListOptions) (*Page[Log], error) {
	return list[Log](ctx, s.client, "GET /v1/Core/Logs", opts)
}

// All yields every entry of the log.
//
// API: GET /v1/Core/Logs (inferred)
func (s *LogsService) All(ctx context.Context, opts *LogListOptions) iter.Seq2[*Log, error] {
	return all[Log](ctx, s.client, "GET /v1/Core/Logs", opts)
}
