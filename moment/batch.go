package moment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
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

// Create adds objects, each given as for [Service.Create], or many as a slice:
//
//	b.Create(first).Create([]*moment.TaskInput{second, third})
func (b *Batch[T]) Create(inputs ...any) *Batch[T] {
	for _, in := range inputs {
		v := reflect.ValueOf(in)
		if in == nil || v.Kind() != reflect.Slice || v.Type().Elem().Kind() == reflect.Uint8 { // bytes are no slice of inputs
			b.create = append(b.create, in)
			continue
		}
		for i := range v.Len() {
			b.create = append(b.create, v.Index(i).Interface())
		}
	}
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

// mention refuses a second change of an object, since a batch has no order.
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
	// Updated are the changed objects, as far as the answer has them: whether it always
	// does is not known.
	Updated []*T `json:"updated"`
	// Deleted is what the API says about deleted objects. Its format is not known.
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

// Do sends the batch. An error means that nothing was changed, unless it is a [*tid.Error]
// with MayHaveExecuted, such as when the answer holds other objects than the batch, or
// fewer. A batch is refused if it is empty, and if it has been carried out or may have
// been.
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
		entry, problem := r.encode(in, 0)
		r = r.failAt(fmt.Sprintf("create[%d]", i), problem)
		body.Create = append(body.Create, entry)
	}
	for _, id := range slices.Sorted(maps.Keys(b.update)) {
		number, _ := strconv.ParseInt(id, 10, 64) // it was made of one
		entry, problem := r.encode(b.update[id], number)
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
	result, err := fetch(ctx, r, http.MethodPost, nil, func(_ *BatchResult[T], text json.RawMessage) error { return b.check(text) })
	b.sent = b.sent || mayHaveExecuted(err)
	if err != nil {
		return nil, err
	}
	if result.CreateOrderIntact {
		for i, created := range result.Created {
			result.Pairs = append(result.Pairs, BatchPair[T]{b.create[i], created})
		}
	}
	return result, nil
}

// check says what is wrong with an answer, which must hold the objects of the batch.
func (b *Batch[T]) check(text json.RawMessage) error {
	var answer struct {
		Created           []json.RawMessage `json:"created"`
		Updated           []json.RawMessage `json:"updated"`
		Deleted           json.RawMessage   `json:"deleted"`
		CreateOrderIntact *bool             `json:"createOrderIntact"`
	}
	err := json.Unmarshal(text, &answer)
	said := answer.Deleted != nil && string(answer.Deleted) != "null"
	if err != nil || answer.Created == nil && answer.Updated == nil && !said && answer.CreateOrderIntact == nil ||
		len(answer.Created)+len(answer.Updated) == 0 && words(text) != "" {
		return fmt.Errorf("it is no result of a batch%s", words(text))
	}
	if len(answer.Created) != len(b.create) {
		return fmt.Errorf("it holds %d created objects, and %d were sent%s", len(answer.Created), len(b.create), words(text))
	}
	if n := len(answer.Updated); n > 0 && n != len(b.update) {
		return fmt.Errorf("it holds %d updated objects, and %d were sent%s", n, len(b.update), words(text))
	}
	object, seen := shapeOf(rawMessage), make(map[int64]bool)
	for i, raw := range slices.Concat(answer.Created, answer.Updated) {
		id := object.id(&raw)
		switch {
		case id == 0:
			return errors.New("it holds an object without an id")
		case seen[id]:
			return fmt.Errorf("it holds object %d twice", id)
		case i >= len(answer.Created) && b.update[strconv.FormatInt(id, 10)] == nil:
			return fmt.Errorf("it holds object %d as updated, which the batch does not update", id)
		}
		seen[id] = true
	}
	return nil
}

// failAt is fail for one entry of a batch.
func (r request) failAt(entry, problem string) request {
	if problem == "" {
		return r
	}
	return r.fail(entry + ": " + problem)
}
