// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"bufio"
	"fmt"
	"os"
	"sync"
	"time"
)

// sink is a file that the guest's output goes to. It takes everything: a file or a
// pipe that is slow makes the guest slow.
type sink struct {
	name string
	file *os.File

	mu  sync.Mutex
	out *bufio.Writer
	err error // the first one; the guest runs on
}

// newSink returns a sink that is up to date within 20 ms: a prompt has no newline.
func newSink(name string, f *os.File) *sink {
	s := &sink{name: name, file: f, out: bufio.NewWriter(f)}
	go func() {
		for range time.Tick(20 * time.Millisecond) {
			s.flush()
		}
	}()
	return s
}

func (s *sink) put(b byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(s.out.WriteByte(b))
}

// Write shows p at once.
func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.out.Write(p)
	s.note(err)
	s.note(s.out.Flush())
	return n, s.err
}

func (s *sink) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(s.out.Flush())
}

func (s *sink) note(err error) {
	if s.err == nil {
		s.err = err
	}
}

// close reports whether the output could be written. Standard output stays open.
func (s *sink) close() error {
	s.flush()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != os.Stdout {
		s.note(s.file.Close())
	}
	if s.err != nil {
		return fmt.Errorf("writing the guest's output to %s: %w", s.name, s.err)
	}
	return nil
}
