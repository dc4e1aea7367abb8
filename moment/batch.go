package moment

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// Batch collects changes that are made in one transaction: all of them, or none.
// It is made by [Service.Batch], sent by [Batch.Do], and not safe for concurrent use.
type Batch[T any] struct {
	request request
	create  []any
	update  map[string]any
	deleted []int64
	seen    map[int64]bool
	sent    bool
}

// Batch returns an empty batch.
//
//	res, err := c.TimeRecords.Batch().Create(a, b).Update(11362, fields).Delete(11357).Do(ctx)
func (s *Service[T]) Batch() *Batch[T] {
	r := s.at()
	r.path, r.template = r.path+"/batch", r.template+"/batch"
	return &Batch[T]{request: r, update: make(map[string]any), seen: make(map[int64]bool)}
}

// Create adds objects, given as for [Service.Create].
func (b *Batch[T]) Create(inputs ...any) *Batch[T] {
	b.create = append(b.create, inputs...)
	return b
}

// Update changes an object, given as for [Service.Update].
func (b *Batch[T]) Update(id int64, in any) *Batch[T] {
	b.mention(id)
	b.update[strconv.FormatInt(id, 10)] = in
	return b
}

// Delete removes objects.
func (b *Batch[T]) Delete(ids ...int64) *Batch[T] {
	for _, id := range ids {
		b.mention(id)
	}
	b.deleted = append(b.deleted, ids...)
	return b
}

// mention refuses what the API cannot tell the order of.
func (b *Batch[T]) mention(id int64) {
	b.request = b.request.fail(checkID(id))
	if b.seen[id] {
		b.request = b.request.fail(fmt.Sprintf("%d is changed or deleted twice in one batch", id))
	}
	b.seen[id] = true
}

// BatchResult is what a batch has changed.
type BatchResult[T any] struct {
	// Created are the new objects, in the order of the answer; see Pairs.
	Created []*T `json:"created"`
	// Updated are the changed objects.
	Updated []*T `json:"updated"`
	// Deleted is what the API says about deleted objects, in whatever shape: none
	// is known.
	Deleted json.RawMessage `json:"deleted"`
	// CreateOrderIntact reports that Created has the order of the inputs.
	CreateOrderIntact bool `json:"createOrderIntact"`
	// Pairs are the new objects with the inputs that they were made from. It is
	// nil when the answer does not say that the order is intact.
	Pairs []BatchPair[T] `json:"-"`
}

// BatchPair is an input of [Batch.Create] and the object made from it.
type BatchPair[T any] struct {
	Input   any
	Created *T
}

// Do sends the batch. An error means that nothing was changed, unless it is a
// [*tid.Error] with MayHaveExecuted. A batch that is empty, and one that has been
// carried out or may have been, is refused.
//
// API: POST /{entity}/batch
func (b *Batch[T]) Do(ctx context.Context) (*BatchResult[T], error) {
	r := b.request
	var body struct {
		Create []json.RawMessage          `json:"create,omitempty"`
		Update map[string]json.RawMessage `json:"update,omitempty"`
		Delete []int64                    `json:"delete,omitempty"`
	}
	body.Delete = b.deleted
	for i, in := range b.create {
		entry, problem := encode(in)
		r = r.failAt(fmt.Sprintf("create[%d]", i), problem)
		body.Create = append(body.Create, entry)
	}
	for _, id := range slices.Sorted(maps.Keys(b.update)) {
		entry, problem := encodeChange(b.update[id])
		r = r.failAt("update of "+id, problem)
		if body.Update == nil {
			body.Update = make(map[string]json.RawMessage)
		}
		body.Update[id] = entry
	}
	switch {
	case b.sent:
		r = r.fail("this batch has been sent: make another")
	case len(b.create)+len(b.update)+len(b.deleted) == 0:
		r = r.fail("the batch is empty")
	}
	r.body = body
	result, err := fetch[BatchResult[T]](ctx, r, http.MethodPost, nil)
	b.sent = b.sent || mayHaveExecuted(err)
	if err != nil {
		return nil, err
	}
	if result.CreateOrderIntact && len(result.Created) == len(b.create) {
		for i, created := range result.Created {
			result.Pairs = append(result.Pairs, BatchPair[T]{b.create[i], created})
		}
	}
	return result, nil
}

// failAt is fail for one entry of a batch.
func (r request) failAt(entry, problem string) request {
	if problem == "" {
		return r
	}
	return r.fail(entry + ": " + problem)
}
