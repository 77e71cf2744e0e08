// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/timeline"
)

// endless is a machine that runs until it is interrupted.
type endless struct{ runs chan bool } // is sent to when a run begins

func (e endless) Continue(ctx context.Context) (timeline.Stop, error) {
	select {
	case e.runs <- true:
	case <-ctx.Done():
	}
	<-ctx.Done()
	return timeline.StopInterrupted, nil
}

// startThread runs a machine's thread until the test ends.
func startThread(t *testing.T, running bool) (th *thread, e endless, told func() []bool) {
	e = endless{make(chan bool)}
	var mu sync.Mutex
	var changes []bool
	th = newThread(e.Continue, running, func(on bool) {
		mu.Lock()
		defer mu.Unlock()
		changes = append(changes, on)
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		th.loop(ctx, func(error) bool { return false })
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return th, e, func() []bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(changes)
	}
}

func nothing() {}

func TestJobsWhileTheMachineRuns(t *testing.T) {
	th, e, told := startThread(t, true)
	for range 3 {
		<-e.runs // it goes on after each job
		if err := th.do(t.Context(), nothing); err != nil {
			t.Fatal(err)
		}
	}
	<-e.runs
	if got := told(); len(got) != 0 {
		t.Errorf("jobs in between are told as %v; want nothing", got)
	}
	th.do(t.Context(), func() { th.setRunning(false) })
	th.do(t.Context(), func() { th.setRunning(true) })
	<-e.runs
	if got := told(); fmt.Sprint(got) != "[false true]" {
		t.Errorf("a stop and a start are told as %v; want [false true]", got)
	}
}

// What a peer asked for before it left is done.
func TestJobOfWhoHasLeft(t *testing.T) {
	th, _, _ := startThread(t, false)
	left, leave := context.WithCancel(t.Context())
	leave()
	done := false
	if err := th.do(left, func() { done = true }); err != nil || !done {
		t.Errorf("do with a context that has ended: %v, it ran: %v; want that it runs", err, done)
	}
}

// TestRunsUntilSomebodyWantsSomething is about what is told of each run.
func TestRunsUntilSomebodyWantsSomething(t *testing.T) {
	th := newThread(endless{make(chan bool, 9)}.Continue, true, func(bool) {})
	told := make(chan context.Context)
	th.runs = func(ctx context.Context) { told <- ctx }
	ctx, end := context.WithCancel(t.Context())
	done := make(chan bool)
	go func() {
		defer close(done)
		th.loop(ctx, func(error) bool { return false })
	}()
	for range 2 {
		run := <-told
		if err := run.Err(); err != nil {
			t.Errorf("nobody wants anything, and it is told %v", err)
		}
		go th.do(ctx, nothing)
		<-run.Done()
	}
	<-told
	end()
	<-done
}

// TestLend is a debugger's continue, during which a monitor does things.
func TestLend(t *testing.T) {
	for _, c := range []struct {
		name string
		job  func(th *thread)
		ends bool
	}{
		{"a look", func(*thread) {}, false},
		{"a stop", func(th *thread) { (&control{thread: th}).Stop() }, true},
		{"a jump", func(th *thread) { (&debugger{thread: th}).movedByOthers() }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			th, e, told := startThread(t, false)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			stopped := make(chan timeline.Stop)
			go th.do(t.Context(), func() {
				stop, _ := th.lend(ctx, e.Continue)
				stopped <- stop
			})
			<-e.runs
			th.do(t.Context(), func() {
				if running, _ := th.status(); !running {
					t.Error("a machine that a debugger lets run does not count as running")
				}
				c.job(th)
				if running, _ := th.status(); running == c.ends {
					t.Errorf("after it the machine runs: %v; want %v", running, !c.ends)
				}
			})
			if !c.ends {
				<-e.runs
				interrupt()
			}
			if stop := <-stopped; stop != timeline.StopInterrupted {
				t.Errorf("the debugger is told %v; want %v", stop, timeline.StopInterrupted)
			}
			th.do(t.Context(), nothing)
			if got := told(); fmt.Sprint(got) != "[true false]" {
				t.Errorf("the run is told as %v; want [true false]", got)
			}
		})
	}
}

func TestControlWithDebugger(t *testing.T) {
	th, e, _ := startThread(t, false)
	d := &debugger{thread: th}
	atEnd, stuck := false, error(nil)
	c := &control{thread: th, debugger: d, atEnd: func() bool { return atEnd }, stuck: func() error { return stuck }}
	state := func(want monitor.RunState) {
		t.Helper()
		if got := c.State(); got != want {
			t.Errorf("the state is %q; want %q", got, want)
		}
	}
	state(monitor.StatePrelaunch)
	d.attach()
	state(monitor.StateDebug)
	if err := c.Cont(); err != errDebugged {
		t.Errorf("cont with gdb in charge: error %v; want %v", err, errDebugged)
	}
	d.attached.Store(false)
	if err := c.Cont(); err != nil {
		t.Error(err)
	}
	<-e.runs
	state(monitor.StateRunning)
	c.Stop()
	state(monitor.StatePaused)
	stuck = errors.New("the replay diverged")
	if err := c.Cont(); !errors.Is(err, stuck) {
		t.Errorf("cont where the replay diverged: error %v; want %v", err, stuck)
	}
	atEnd, stuck = true, nil
	state(monitor.StateShutdown)
	if err := c.Cont(); err != errAtEnd {
		t.Errorf("cont at the end: error %v; want %v", err, errAtEnd)
	}
}
