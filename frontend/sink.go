// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vmrr/vmrr/frontend/terminal"
)

const (
	// sinkDelay is how long output may wait for more: a prompt has no newline.
	sinkDelay = 20 * time.Millisecond
	// maxSink bounds, in bytes, what a sink keeps for a file that is slow while the
	// machine runs by itself.
	maxSink = 16 << 10
	// maxUrgent bounds it while somebody wants something of the machine: what is wanted
	// must not wait for the file too. A jump may send much.
	maxUrgent = 1 << 20
)

// sink is a file that the guest's output goes to. It takes everything: a file or a
// pipe that is slow makes the guest slow, and one that takes nothing makes it wait,
// until somebody wants something of the machine or the run is to end.
type sink struct {
	name   string
	file   io.WriteCloser
	after  time.Duration // how long a run that is to end waits for the file
	shown  func([]byte)  // is told what the file took
	failed func(error)   // is told the first error, at once

	wake chan struct{} // holds a token if there is something to write
	now  chan struct{} // holds a token if it is to be written at once
	done chan struct{} // closed when the writer has ended

	ending sync.Once

	mu      sync.Mutex
	changed sync.Cond       // what follows has changed
	alone   context.Context // ends when somebody wants something of the machine; nil: it does not run
	pending []byte
	writing int   // bytes that the file is about to take
	over    bool  // nothing more will come
	gaveUp  bool  // the run is to end, and the file has had its time
	lost    int   // bytes that came after that
	err     error // the file's first, of which failed was told
}

func newSink(name string, file io.WriteCloser, failed func(error)) *sink {
	s := &sink{name: name, file: file, failed: failed, after: farewell,
		wake: make(chan struct{}, 1), now: make(chan struct{}, 1), done: make(chan struct{}), shown: func([]byte) {}}
	s.changed.L = &s.mu
	go s.loop()
	return s
}

// put takes a byte from the guest.
func (s *sink) put(b byte) { s.take([]byte{b}, s.limit) }

// limit is how many bytes may be pending before the guest waits; the lock is held.
func (s *sink) limit() int {
	if s.alone == nil || s.alone.Err() != nil {
		return maxUrgent
	}
	return maxSink
}

// runs is told that the machine is to run by itself until ctx ends. It waits until there
// is room for what the machine will send: each thing that was wanted of it would let it
// send a little more otherwise.
func (s *sink) runs(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alone = ctx
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	for len(s.pending) >= maxSink && s.err == nil && !s.gaveUp && ctx.Err() == nil {
		post(s.now)
		s.changed.Wait()
	}
}

// Write takes what is to be seen at once.
func (s *sink) Write(p []byte) (int, error) {
	s.take(p, func() int { return maxSink })
	post(s.now)
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(p), s.err
}

// take waits until there is room for p: fewer bytes pending than limit says, which may
// change. After an error nothing is kept.
func (s *sink) take(p []byte, limit func() int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) > 0 && s.err == nil {
		n := min(len(p), limit()-len(s.pending))
		if n > 0 {
			s.pending, p = append(s.pending, p[:n]...), p[n:]
			post(s.wake)
			continue
		}
		if s.gaveUp {
			s.lost += len(p)
			return
		}
		post(s.now)
		s.changed.Wait()
	}
}

// post leaves a token.
func post(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// loop writes, so that whoever puts something need not wait for the file.
func (s *sink) loop() {
	defer close(s.done)
	var spare []byte
	for {
		select {
		case <-s.wake:
			select {
			case <-s.now:
			case <-time.After(sinkDelay):
			}
		case <-s.now:
		}
		for p := s.next(spare); len(p) > 0; p = s.next(spare) {
			_, err := s.file.Write(p)
			s.shown(p)
			if s.wrote(err) {
				s.failed(err)
			}
			spare = p[:0]
		}
		spare = nil // it is pending's now
		if s.isOver() {
			return
		}
	}
}

// next returns what is pending; what comes next goes into spare.
func (s *sink) next(spare []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pending
	s.pending, s.writing = spare, len(p)
	s.changed.Broadcast()
	return p
}

// wrote notes the first error, and reports whether this is it; the guest runs on.
func (s *sink) wrote(err error) (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if first = err != nil && s.err == nil; first {
		s.err = terminal.Said(err)
	}
	if s.err != nil {
		s.pending = s.pending[:0]
	}
	s.writing = 0
	s.changed.Broadcast()
	return first
}

func (s *sink) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over && len(s.pending) == 0
}

// end says that the run is to end: from now on a file that takes nothing is waited
// for only a little longer.
func (s *sink) end() {
	s.ending.Do(func() {
		time.AfterFunc(s.after, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.gaveUp = true
			s.changed.Broadcast()
		})
	})
}

// settle waits, not for long, until the file has taken what was put.
func (s *sink) settle() {
	late := false
	timer := time.AfterFunc(5*sinkDelay, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		late = true
		s.changed.Broadcast()
	})
	defer timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	post(s.now)
	for !late && (len(s.pending) > 0 || s.writing > 0) {
		s.changed.Wait()
	}
}

// close waits until the file has taken everything, and reports whether it did. That
// it failed was told by failed.
func (s *sink) close() error {
	err := s.finish()
	if err == nil {
		<-s.done
		err = s.file.Close()
	}
	if terminal.Unsaid(err) == nil {
		return err
	}
	return fmt.Errorf("writing the guest's output to %s: %w", s.name, err)
}

func (s *sink) finish() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	post(s.now)
	for (len(s.pending) > 0 || s.writing > 0) && !s.gaveUp {
		s.changed.Wait()
	}
	if lost := s.lost + len(s.pending) + s.writing; s.err == nil && lost > 0 {
		return fmt.Errorf("it takes nothing, and %d bytes are lost", lost)
	}
	return s.err
}
