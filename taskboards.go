package tid

import (
	"context"
	"iter"
)

// TaskBoardsService reads the boards that tasks are arranged on.
type TaskBoardsService service

// TaskBoardSort is a key that task boards can be sorted by.
type TaskBoardSort string

// The sort keys of task boards.
const (
	TaskBoardsByCreatedDate TaskBoardSort = "createdDate"
	TaskBoardsByUpdatedDate TaskBoardSort = "updatedDate"
	TaskBoardsByName        TaskBoardSort = "name"
)

var taskBoardSorts = enumOf(TaskBoardsByCreatedDate, TaskBoardsByUpdatedDate, TaskBoardsByName)

func (TaskBoardSort) values() enum { return taskBoardSorts }

// TaskBoard is a board with its columns.
type TaskBoard struct {
	ID          int64             `json:"id"`
	Name        string            `json:"name"`
	Project     *Ref              `json:"project,omitzero"`
	Columns     []TaskBoardColumn `json:"columns,omitzero"`
	Tags        []Tag             `json:"tags,omitzero"`
	Members     []Member          `json:"members,omitzero"`
	CreatedDate DateTime          `json:"createdDate,omitzero"`
	UpdatedDate DateTime          `json:"updatedDate,omitzero"`
	ObjectName  string            `json:"objectName,omitzero"`
}

// TaskBoardColumn is one column of a board.
type TaskBoardColumn struct {
	ID   int64  `json:"id"`
	Name string `json:"name,omitzero"`
	// TaskCount is the number of tasks in the column.
	TaskCount  int    `json:"taskCount,omitzero"`
	ObjectName string `json:"objectName,omitzero"`
}

// TaskBoardListOptions choose and order task boards.
type TaskBoardListOptions struct {
	ListOptions
	SortBy    TaskBoardSort `url:"sortBy,omitempty"`
	Query     string        `url:"filter.query,omitempty"`
	ProjectID int64         `url:"filter.projectId,omitempty"` // inferred
}

// List returns one page of the task boards.
//
// API: GET /v1/Core/TaskBoards (inferred)
func (s *TaskBoardsService) List(ctx context.Context, opts *TaskBoardListOptions) (*Page[TaskBoard], error) {
	return list[TaskBoard](ctx, s.client, "GET /v1/Core/TaskBoards", opts)
}

// All yields every task board.
//
// API: GET /v1/Core/TaskBoards (inferred)
func (s *TaskBoardsService) All(ctx context.Context, opts *TaskBoardListOptions) iter.Seq2[*TaskBoard, error] {
	return all[TaskBoard](ctx, s.client, "GET /v1/Core/TaskBoards", opts)
}

// ChangedSince yields the task boards that were changed at since or later, newest
// first; see [ListOptions]. ErrInvalidInput where opts set a Page or another order.
//
// API: GET /v1/Core/TaskBoards (inferred)
func (s *TaskBoardsService) ChangedSince(ctx context.Context, since DateTime, opts *TaskBoardListOptions) iter.Seq2[*TaskBoard, error] {
	return changedSince[TaskBoard](ctx, s.client, "GET /v1/Core/TaskBoards", since, string(TaskBoardsByUpdatedDate), opts)
}

// Follow yields the task boards that cursor has not passed yet: first all of them,
// oldest first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Core/TaskBoards (inferred)
func (s *TaskBoardsService) Follow(ctx context.Context, cursor *Cursor, opts *TaskBoardListOptions) iter.Seq2[*TaskBoard, error] {
	return follow[TaskBoard](ctx, s.client, "GET /v1/Core/TaskBoards", cursor, string(TaskBoardsByUpdatedDate), string(TaskBoardsByCreatedDate), opts)
}
