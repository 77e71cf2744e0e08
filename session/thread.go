// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"context"
	"errors"
	"sync"

	"github.com/vmrr/vmrr/timeline"
)

// thread is the machine's thread: it lets the machine run by itself, and in
// between does what others want done with it.
type thread struct {
	run func(context.Context) (timeline.Stop, error) // lets the machine run, until it stops or ctx is cancelled
	// changed is told when the machine begins to run and when it stops, not
	// counting the moments in which something is done with it. It must not wait.
	changed func(running bool)
	runs    func(ctx context.Context) // is told before run is called, and with what; may wait until ctx ends

	mu      sync.Mutex
	running bool               // the machine is to run by itself
	lent    bool               // it runs for a debugger
	steps   bool               // a debugger made a step, and may be about to make the next one
	recall  bool               // it is to stop, or not to make that step
	ran     bool               // it has run
	leaving bool               // it is to run to its end, whatever stops it
	told    bool               // what changed was told last
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

func newThread(run func(context.Context) (timeline.Stop, error), running bool, changed func(bool)) *thread {
	return &thread{run: run, changed: changed, running: running, told: running, wake: make(chan struct{}, 1), runs: func(context.Context) {}}
}

// do runs f on the machine's thread, stopping the machine for it if it runs, and
// returns when f has returned. It is a gdbstub.Runner. The end of the context is no
// reason not to begin: it ends when a peer leaves, and what that said before still
// holds, as gdb's kill and a monitor's quit. What may take long asks the context itself.
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
	t.running = on || t.leaving
	t.tell()
	t.kick()
}

// leave makes the machine run on to its end, for which there must be an input.
func (t *thread) leave() {
	t.mu.Lock()
	t.leaving = true
	t.mu.Unlock()
	t.setRunning(true)
}

// status says whether the machine runs, by itself or because a debugger lets it, and
// whether it ever did. What is called back does not run any more.
func (t *thread) status() (running, ran bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.running || t.lent && !t.recall, t.ran
}

func (t *thread) isLeaving() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.leaving
}

// tell says what has changed; the lock is held. That the machine runs to its end is
// not worth a word.
func (t *thread) tell() {
	if now := t.running || t.lent; now != t.told && !t.leaving {
		t.told = now
		t.changed(now)
	}
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

// loop works on the calling thread until ctx is cancelled or the machine has ended or
// failed. If stay, which is told of the failure, returns true then, the machine waits
// where it is.
func (t *thread) loop(ctx context.Context, stay func(failed error) bool) (timeline.Stop, error) {
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
			stop, err := t.let(ctx, t.run)
			switch {
			case (err != nil || stop == timeline.StopEnd) && !stay(err):
				return stop, err
			case err != nil || stop != timeline.StopInterrupted:
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

// let lets the machine run until somebody wants something.
func (t *thread) let(ctx context.Context, run func(context.Context) (timeline.Stop, error)) (timeline.Stop, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.mu.Lock()
	if len(t.queue) > 0 || !t.running && !t.lent {
		t.mu.Unlock()
		return timeline.StopInterrupted, nil
	}
	t.cancel, t.ran = cancel, true
	t.mu.Unlock()
	stop, err := timeline.StopInterrupted, error(nil)
	if t.runs(ctx); ctx.Err() == nil {
		stop, err = run(ctx)
	}
	t.mu.Lock()
	t.cancel = nil
	t.mu.Unlock()
	return stop, err
}

// lend lets the machine run for a debugger, with run, until something stops it; run
// is called again after each thing that others wanted done. It is called on the
// machine's thread.
func (t *thread) lend(ctx context.Context, run func(context.Context) (timeline.Stop, error)) (timeline.Stop, error) {
	t.setLent(true)
	defer t.setLent(false)
	for {
		stop, err := t.let(ctx, run)
		if err != nil || stop != timeline.StopInterrupted || ctx.Err() != nil {
			return stop, err
		}
		t.work()
		if t.recalled() {
			return timeline.StopInterrupted, nil
		}
	}
}

func (t *thread) setLent(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lent, t.steps, t.recall = on, false, false
	t.tell()
}

// step makes a single step for a debugger, after what others want done. A debugger may
// make a great many to get somewhere: what was called back since the last one is
// interrupted instead. It is called on the machine's thread.
func (t *thread) step(run func() (timeline.Stop, error)) (timeline.Stop, error) {
	t.work()
	if t.recalled() {
		t.setStepping(false)
		return timeline.StopInterrupted, nil
	}
	stop, err := run()
	t.setStepping(err == nil && stop == timeline.StopArrived)
	return stop, err
}

// setStepping says whether another step may follow.
func (t *thread) setStepping(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps, t.recall = on, t.recall && on
}

// callBack ends lend, if the machine is lent, or a row of steps.
func (t *thread) callBack() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recall = t.lent || t.steps
}

func (t *thread) recalled() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.recall
}

// work does what others want done. It is called on the machine's thread.
func (t *thread) work() {
	for j, ok, _ := t.next(); ok; j, ok, _ = t.next() {
		j.f()
		j.done <- true
	}
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
