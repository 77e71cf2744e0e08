// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"strings"
	"sync"
)

// screen is what a guest has printed. Another goroutine may wait for it.
type screen struct {
	mu    sync.Mutex
	grown sync.Cond
	text  strings.Builder
}

func newScreen() *screen {
	s := &screen{}
	s.grown.L = &s.mu
	return s
}

// print adds a byte.
func (s *screen) print(b byte) {
	s.mu.Lock()
	s.text.WriteByte(b)
	s.mu.Unlock()
	s.grown.Broadcast()
}

// wait waits until a text has been printed.
func (s *screen) wait(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !strings.Contains(s.text.String(), text) {
		s.grown.Wait()
	}
}
