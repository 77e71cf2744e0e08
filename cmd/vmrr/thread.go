// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"sync"

	"github.com/vmrr/vmrr/timeline"
)

// session is a machine that can be run forward: timeline.Live or timeline.Timeline.
type session interface {
	Continue(ctx context.Context) (timeline.Stop, error)
}

// thread is the machine's thread: it lets the machine run by itself, and in
// between does what others want done with it.
type thread struct {
	s session

	mu      sync.Mutex
	running bool               // the machine is to run by itself
	cancel  context.CancelFunc // of the run in progress; nil if none
	queue   []job
	wake    chan struct{} // holds a token if queue or running changed
	gone    bool
}

type job struct {
	f    func()
	done chan bool // whether f ran
}

// errGone says that the machine has ended.
var errGone = errors.New("the machine is gone")

func newThread(s session, running bool) *thread {
	return &thread{s: s, running: running, wake: make(chan struct{}, 1)}
}

// do runs f on the machine's thread, stopping the machine for it if it runs, and
// returns when f has returned. It is a gdbstub.Runner.
func (t *thread) do(_ context.Context, f func()) error {
	j := job{f, make(chan bool, 1)}
	t.mu.Lock()
	if t.gone {
		t.mu.Unlock()
		return errGone
	}
	t.queue = append(t.queue, j)
	t.kick()
	t.mu.Unlock()
	if !<-j.done {
		return errGone
	}
	return nil
}

// setRunning says whether the machine is to run by itself.
func (t *thread) setRunning(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running = on
	t.kick()
}

// kick makes the thread look; the lock is held.
func (t *thread) kick() {
	if t.cancel != nil {
		t.cancel()
	}
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// next takes the next job.
func (t *thread) next() (j job, ok, run bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) > 0 {
		j, t.queue = t.queue[0], t.queue[1:]
		return j, true, false
	}
	return job{}, false, t.running
}

// loop works on the calling thread until ctx is cancelled, the machine fails or,
// unless stay holds, it has ended. With stay, the machine waits at its end.
func (t *thread) loop(ctx context.Context, stay func() bool) (timeline.Stop, error) {
	defer t.end()
	for {
		if ctx.Err() != nil {
			return timeline.StopInterrupted, nil
		}
		j, ok, run := t.next()
		if ok {
			j.f()
			j.done <- true
			continue
		}
		if run {
			stop, err := t.run(ctx)
			if err != nil {
				return 0, err
			}
			if stop == timeline.StopEnd {
				if !stay() {
					return stop, nil
				}
				t.setRunning(false)
			}
			continue
		}
		select {
		case <-t.wake:
		case <-ctx.Done():
			return timeline.StopInterrupted, nil
		}
	}
}

// run lets the machine run until somebody wants something.
func (t *thread) run(ctx context.Context) (timeline.Stop, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.mu.Lock()
	if len(t.queue) > 0 || !t.running {
		t.mu.Unlock()
		return timeline.StopInterrupted, nil
	}
	t.cancel = cancel
	t.mu.Unlock()
	stop, err := t.s.Continue(ctx)
	t.mu.Lock()
	t.cancel = nil
	t.mu.Unlock()
	return stop, err
}

func (t *thread) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone = true
	for _, j := range t.queue {
		j.done <- false
	}
	t.queue = nil
}
