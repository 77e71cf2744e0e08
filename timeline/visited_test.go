// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

// timerInterrupt is the vector of the timer in the early kernel.
const timerInterrupt = 0x30

func TestVisited(t *testing.T) {
	s := spokenGuest(t)
	tl, vm := s.open(t)
	if err := tl.Back(background, 1); err != timeline.ErrNoEarlier {
		t.Errorf("Back at the beginning: error %v; want %v", err, timeline.ErrNoEarlier)
	}
	at := func(what string, err error, want machine.Moment) {
		t.Helper()
		if err != nil || vm.Moment() != want {
			t.Fatalf("%s: error %v at %v; want %v", what, err, vm.Moment(), want)
		}
	}
	moment := func(n uint64) machine.Moment { return machine.Moment{ICount: n} }
	seek(t, tl, 130_000_000)
	tl.InsertBreak(vm.Gate(t, timerInterrupt))
	if stop, err := tl.ReverseContinue(background); err != nil || stop != timeline.StopBreak || vm.Moment().Sub == 0 {
		t.Fatalf("back to the timer's handler: %v, error %v at %v; want a breakpoint behind a delivery", stop, err, vm.Moment())
	}
	handler, state := vm.Moment(), vm.Hash()
	if _, err := tl.StepForward(background, 5); err != nil {
		t.Fatal(err)
	}
	stepped := vm.Moment()
	seek(t, tl, 115_000_000) // leaves from where steps have led
	if stop, err := tl.Continue(background); err != nil || stop != timeline.StopBreak {
		t.Fatal(stop, err)
	}
	first := vm.Moment()
	if _, err := tl.StepForward(background, 3); err != nil {
		t.Fatal(err)
	}
	at("Back after steps", tl.Back(background, 1), first)
	at("Back", tl.Back(background, 1), moment(115_000_000))
	at("Back", tl.Back(background, 1), stepped)
	at("Back", tl.Back(background, 1), handler)
	if vm.Hash() != state {
		t.Errorf("Back at the handler: hash %x; want %x", vm.Hash(), state)
	}
	at("Forward", tl.Forward(background, 1), stepped)
	at("Forward", tl.Forward(background, 1), moment(115_000_000))
	at("Forward", tl.Forward(background, 1), first)
	if err := tl.Forward(background, 1); err != timeline.ErrNoLater || vm.Moment() != first {
		t.Errorf("Forward at the last position: error %v at %v; want %v", err, vm.Moment(), timeline.ErrNoLater)
	}
	at("Back by 3, after steps have led away", stepsThen(t, tl, func() error { return tl.Back(background, 3) }), stepped)
	at("Forward by 2", tl.Forward(background, 2), first)
	for _, n := range []int{1, 1 << 62} {
		if err := tl.Forward(background, n); err != timeline.ErrNoLater || vm.Moment() != first {
			t.Errorf("Forward by %d at the last position: error %v at %v; want %v", n, err, vm.Moment(), timeline.ErrNoLater)
		}
	}
	at("Back by 2", tl.Back(background, 2), stepped)
	for n, to := range map[int]func(context.Context, int) error{3: tl.Forward, 1 << 62: tl.Forward, 4: tl.Back} {
		if err := to(background, n); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("there are not %d positions", n)) || vm.Moment() != stepped {
			t.Errorf("going %d positions: error %v at %v; want one that says that they are fewer, at %v", n, err, vm.Moment(), stepped)
		}
	}
	at("Forward", tl.Forward(background, 1), moment(115_000_000))
	seek(t, tl, 115_100_000) // what was ahead is forgotten
	if err := tl.Forward(background, 1); err != timeline.ErrNoLater {
		t.Errorf("Forward after a jump: error %v; want %v", err, timeline.ErrNoLater)
	}
	at("Back after a jump", tl.Back(background, 1), moment(115_000_000))
	for i := range uint64(150) { // and so is what is long ago
		seek(t, tl, 115_100_001+i)
	}
	steps := 0
	for tl.Back(background, 1) == nil {
		steps++
	}
	if steps != 99 || vm.Moment() != moment(115_100_051) {
		t.Errorf("after 150 jumps Back works %d times, to %v; want 99 times", steps, vm.Moment())
	}
	// The user's breakpoint has stayed.
	if stop, err := tl.Continue(background); err != nil || stop != timeline.StopBreak || vm.Moment() != first {
		t.Errorf("Continue = %v, error %v at %v; want a breakpoint at %v", stop, err, vm.Moment(), first)
	}
}

// stepsThen makes steps, and then a journey.
func stepsThen(t *testing.T, tl *timeline.Timeline, journey func() error) error {
	t.Helper()
	if _, err := tl.StepForward(background, 3); err != nil {
		t.Fatal(err)
	}
	return journey()
}

// cancelled returns a context that is.
func cancelled() context.Context {
	ctx, cancel := context.WithCancel(background)
	cancel()
	return ctx
}

func TestCheckpoints(t *testing.T) {
	s := spokenGuest(t)
	tl, vm := s.openPolicy(t, timeline.Policy{Every: 10e6, Budget: 1}, 0) // there is no room for any other snapshot
	seek(t, tl, 120_000_000)
	tl.InsertBreak(vm.Gate(t, timerInterrupt))
	var want []timeline.Checkpoint
	var hashes []machine.Hash
	for i, note := range []string{"canonical", "behind a delivery"} {
		if i == 1 {
			if stop, err := tl.ReverseContinue(background); err != nil || stop != timeline.StopBreak || vm.Moment().Sub == 0 {
				t.Fatalf("back to the timer's handler: %v, error %v at %v", stop, err, vm.Moment())
			}
		}
		c, err := tl.Checkpoint(note)
		if w := (timeline.Checkpoint{Number: i + 1, Note: note, At: vm.Moment(), Now: vm.Clock.Now(), PC: tl.PC()}); err != nil || c != w {
			t.Fatalf("Checkpoint(%q) = %+v, error %v; want %+v", note, c, err, w)
		}
		want, hashes = append(want, c), append(hashes, vm.Hash())
	}
	seek(t, tl, 190_000_000)
	for _, i := range []int{0, 1, 0} {
		// At once: even where the machine could not replay a step.
		if err := tl.Restart(cancelled(), i+1); err != nil || vm.Moment() != want[i].At || vm.Hash() != hashes[i] {
			t.Errorf("Restart(%d): error %v at %v; want %v", i+1, err, vm.Moment(), want[i].At)
		}
	}
	if err := tl.Back(background, 1); err != nil || vm.Moment() != want[1].At {
		t.Errorf("Back after Restart: error %v at %v; want %v", err, vm.Moment(), want[1].At)
	}
	var none *timeline.NoCheckpointError
	if err := tl.DeleteCheckpoint(3); !errors.As(err, &none) || none.Number != 3 {
		t.Errorf("DeleteCheckpoint(3): error %v; want a NoCheckpointError", err)
	}
	if err := tl.DeleteCheckpoint(1); err != nil {
		t.Error(err)
	}
	if err := tl.Restart(background, 1); !errors.As(err, &none) {
		t.Errorf("Restart(1), deleted: error %v; want a NoCheckpointError", err)
	}
	c, err := tl.Checkpoint("")
	if list := tl.Checkpoints(); err != nil || c.Number != 3 || len(list) != 2 || list[0] != want[1] || list[1] != c {
		t.Errorf("a third Checkpoint = %+v, error %v, of %+v; want number 3 behind 2", c, err, list)
	}
}
