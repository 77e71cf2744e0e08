// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vmrr/vmrr/frontend/terminal"
)

// stalled is a file that takes nothing until it is closed.
type stalled struct{ closed chan bool }

func (s stalled) Write([]byte) (int, error) {
	<-s.closed
	return 0, io.ErrClosedPipe
}

func (s stalled) Close() error { return nil }

// A file that takes nothing makes the guest wait, but not a run that is to end.
func TestSinkEndsWithAStalledFile(t *testing.T) {
	file := stalled{make(chan bool)}
	defer close(file.closed)
	s := newSink("a pipe", file, func(error) {})
	s.after = 1
	s.runs(t.Context())
	const size = 10 * maxSink
	done := make(chan bool)
	go func() {
		defer close(done)
		for range size {
			s.put('x')
		}
	}()
	s.end()
	<-done
	if err := s.close(); err == nil || !strings.Contains(err.Error(), "163840 bytes are lost") {
		t.Errorf("of %d bytes for a file that takes nothing: error %v; want all to be lost", size, err)
	}
}

// waits returns what is closed when the sink has taken so many bytes, after it has waited
// for its file to take some of them.
func waits(t *testing.T, s *sink, size int) (done chan bool) {
	done = make(chan bool)
	go func() {
		defer close(done)
		for range size {
			s.put('x')
		}
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.pending) < maxSink {
		s.mu.Unlock()
		runtime.Gosched()
		s.mu.Lock()
	}
	select {
	case <-done:
		t.Errorf("a file that takes nothing does not make the guest wait")
	default:
	}
	return done
}

// Who wants something of the machine does not wait for a file that takes nothing, though
// the guest does, and nothing is lost.
func TestSinkLetsOthersAtTheMachine(t *testing.T) {
	file := stalled{make(chan bool)}
	s := newSink("a pipe", file, func(error) {})
	s.after = 1
	ctx, wanted := context.WithCancel(t.Context())
	s.runs(ctx)
	done := waits(t, s, 3*maxSink)
	wanted()
	<-done
	// It goes on only if the file has taken something, or for the next who wants something.
	ctx, wanted = context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, wanted)
	if s.runs(ctx); ctx.Err() == nil {
		t.Error("the guest runs on, though it has sent more than the sink should keep")
	}
	s.mu.Lock()
	if n := len(s.pending) + s.writing; n != 3*maxSink {
		t.Errorf("of %d bytes the sink keeps %d; want all", 3*maxSink, n)
	}
	s.mu.Unlock()
	s.end()
	s.close()
	close(file.closed)
}

// buffer is a file that takes everything.
type buffer struct {
	bytes.Buffer
	err error
}

func (b *buffer) Write(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	return b.Buffer.Write(p)
}

func (b *buffer) Close() error { return nil }

func TestSinkLosesNothing(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789"), maxSink)
	var b buffer
	s := newSink("a file", &b, func(err error) { t.Errorf("a file that takes everything fails: %v", err) })
	for _, c := range want[:len(want)/2] {
		s.put(c)
	}
	if n, err := s.Write(want[len(want)/2:]); n != len(want)/2 || err != nil {
		t.Errorf("Write of %d bytes = %d, error %v", len(want)/2, n, err)
	}
	s.end()
	if err := s.close(); err != nil || !bytes.Equal(b.Bytes(), want) {
		t.Errorf("of %d bytes the file has %d, error %v; want the same", len(want), b.Len(), err)
	}
}

// A file that fails is told of at once, and once; the guest runs on.
func TestSinkFails(t *testing.T) {
	full := errors.New("the disk is full")
	told := make(chan error, 2)
	s := newSink("a file", &buffer{err: full}, func(err error) { told <- err })
	s.put('x')
	if err := <-told; err != full {
		t.Errorf("of a file that is full it is told %v; want %v", err, full)
	}
	for range 10 * maxSink {
		s.put('x')
	}
	if err := s.close(); !errors.Is(err, full) {
		t.Errorf("closing a sink whose file is full: error %v; want %v", err, full)
	} else if unsaid := terminal.Unsaid(err); unsaid != nil || len(told) > 0 {
		t.Errorf("closing a sink whose file is full tells again: %v, and %d more", unsaid, len(told))
	}
}
