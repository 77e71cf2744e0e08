// SPDX-License-Identifier: GPL-2.0-or-later

package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long a message waits for standard error to take it: a pipe that
// nobody reads must not keep vmrr from its end.
const patience = 2 * time.Second

// screen is where messages go, and perhaps the guest's output too.
type screen struct {
	err  io.Writer
	same func() bool // output and messages go to the same place

	mu     sync.Mutex // of what is written to err
	inside atomic.Bool
	flush  atomic.Pointer[func()]

	keeping sync.Mutex // of what follows
	hold    bool       // messages wait in held
	held    []byte
}

var std = &screen{err: os.Stderr, same: sync.OnceValue(func() bool {
	out, err := os.Stdout.Stat()
	if err != nil {
		return false
	}
	messages, err := os.Stderr.Stat()
	return err == nil && os.SameFile(out, messages)
})}

// Say tells the user something, on a line of its own. If it is more than one line the
// others are indented, so that they are seen to belong to it.
func Say(format string, args ...any) { Print(message(fmt.Sprintf(format, args...))) }

// message returns a text as vmrr's.
func message(text string) string {
	const name = "vmrr: "
	return name + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+strings.Repeat(" ", len(name))) + "\n"
}

// Print shows text, which ends in a newline, on a fresh line.
func Print(text string) { std.Write([]byte(text)) }

// Shown says what was written to standard output.
func Shown(p []byte) { std.shown(p) }

// Hold keeps messages back, while the screen is another program's, until the function
// that it returns is called.
func Hold() (release func()) { return std.holdBack() }

// BeforeMessages sets what writes the output that came before a message. It does not
// wait for long.
func BeforeMessages(flush func()) { std.flush.Store(&flush) }

func (s *screen) shown(p []byte) {
	if len(p) > 0 {
		s.inside.Store(p[len(p)-1] != '\n')
	}
}

// maxHeld bounds the messages that are kept back, in bytes; later ones are lost.
const maxHeld = 64 << 10

func (s *screen) holdBack() (release func()) {
	s.keeping.Lock()
	defer s.keeping.Unlock()
	s.hold = true
	return func() {
		s.keeping.Lock()
		held := s.held
		s.hold, s.held = false, nil
		s.keeping.Unlock()
		if len(held) > 0 {
			s.Write(held)
		}
	}
}

// keep keeps a message if messages are held back.
func (s *screen) keep(p []byte) bool {
	s.keeping.Lock()
	defer s.keeping.Unlock()
	if s.hold && len(s.held)+len(p) <= maxHeld {
		s.held = append(s.held, p...)
	}
	return s.hold
}

// Write shows whole lines. It implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	if s.keep(p) {
		return len(p), nil
	}
	if flush := s.flush.Load(); flush != nil {
		(*flush)()
	}
	var line []byte
	if s.inside.Swap(false) && s.same() {
		line = append(line, '\n')
	}
	line = append(line, p...)
	done := make(chan error, 1)
	go func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		_, err := s.err.Write(line)
		done <- err
	}()
	select {
	case err := <-done:
		return len(p), err
	case <-time.After(patience):
		return len(p), nil
	}
}
