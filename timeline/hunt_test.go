// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"errors"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// huntOf is a hunt through n spans of ten instructions.
func huntOf(n int) *hunt {
	var spans []span
	for range n {
		spans = append(spans, span{&snapshots.Snapshot{}, machine.Moment{ICount: 10}})
	}
	return newHunt(&Timeline{looked: &looked{}}, spans)
}

// What a hunt through four spans comes to, of which the first so many are taken and
// searched: a hit, an error or a cancellation counts only if it is the nearest.
func TestHunt(t *testing.T) {
	type result struct {
		hit  bool
		stop Stop
		err  error
	}
	none, hit := result{stop: StopArrived}, result{hit: true, stop: StopArrived}
	cancelled, failed := result{stop: StopInterrupted}, result{err: errors.New("unreadable")}
	for _, test := range []struct {
		name     string
		searched []result // nearest first
		want     result
		wantSpan uint64 // in which the hit is
	}{
		{"nothing", []result{none, none, none, none}, none, 0},
		{"the nearest of two", []result{none, hit, hit, none}, hit, 1},
		{"cancelled in a span", []result{none, cancelled}, cancelled, 0},
		{"cancelled between two spans", []result{none, none}, cancelled, 0},
		{"cancelled behind a hit", []result{none, hit, cancelled}, hit, 1},
		{"failed", []result{none, failed, none, none}, failed, 0},
		{"failed behind a hit", []result{hit, failed}, hit, 0},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		h := huntOf(4)
		for range test.searched {
			if _, _, ok := h.take(ctx); !ok {
				t.Fatalf("%s: a span was not to be taken", test.name)
			}
		}
		cancel()
		if _, _, ok := h.take(ctx); ok {
			t.Errorf("%s: a span was taken, though cancelled", test.name)
		}
		for i := len(test.searched) - 1; i >= 0; i-- { // the farthest is through first
			r := test.searched[i]
			var found *cpu.Hit
			if r.hit {
				found = &cpu.Hit{ICount: uint64(i)}
			}
			h.done(i, found, nil, r.stop, r.err)
		}
		got, _, stop, err := h.outcome(ctx)
		if (got != nil) != test.want.hit || stop != test.want.stop || err != test.want.err || got != nil && got.ICount != test.wantSpan {
			t.Errorf("%s: outcome %+v, %v, error %v; want %+v in span %d", test.name, got, stop, err, test.want, test.wantSpan)
		}
	}
}

// The owner waits for what is nearer than a hit, and for nothing behind it.
func TestHuntIsOver(t *testing.T) {
	h := huntOf(4)
	var jobs []context.Context
	for range 3 {
		_, job, _ := h.take(context.Background())
		jobs = append(jobs, job)
	}
	ended := func() bool {
		select {
		case <-h.over:
			return true
		default:
			return false
		}
	}
	h.done(1, &cpu.Hit{ICount: 1}, nil, StopArrived, nil)
	if ended() {
		t.Error("with a hit in the second of three spans that are searched, the hunt is over; want it to wait for the first")
	}
	if jobs[0].Err() != nil || jobs[2].Err() == nil {
		t.Errorf("with a hit in the second span the search of the first ended with %v, of the third with %v; want the third cancelled",
			jobs[0].Err(), jobs[2].Err())
	}
	if _, _, ok := h.take(context.Background()); ok {
		t.Error("the span behind the hit is to be searched, want it left")
	}
	h.done(0, nil, nil, StopArrived, nil)
	if !ended() {
		t.Fatal("with nothing in the first span and a hit in the second, the hunt is not over")
	}
	h.done(2, nil, nil, StopInterrupted, nil) // it is late
	if hit, _, stop, err := h.outcome(context.Background()); hit == nil || hit.ICount != 1 || stop != StopArrived || err != nil {
		t.Errorf("outcome %+v, %v, error %v; want the hit at 1, arrived", hit, stop, err)
	}
}
