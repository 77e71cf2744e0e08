// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"io"
	"sync"
)

// maxTyped bounds, in bytes, what may be typed ahead of who is to take it.
const maxTyped = 1 << 20

// queue keeps what was typed until it is read. It never makes the typist wait.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond
	data    []byte
	closed  bool
}

func newQueue() *queue {
	q := &queue{}
	q.changed.L = &q.mu
	return q
}

// put takes as much of p as there is room for.
func (q *queue) put(p []byte) (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = min(len(p), maxTyped-len(q.data))
	q.data = append(q.data, p[:n]...)
	q.changed.Broadcast()
	return n
}

// Read waits for something to be put, or for Close.
func (q *queue) Read(p []byte) (n int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.data) == 0 {
		if q.closed {
			return 0, io.EOF
		}
		q.changed.Wait()
	}
	n = copy(p, q.data)
	if q.data = q.data[n:]; len(q.data) == 0 {
		q.data = nil
	}
	return n, nil
}

// Close makes Read end behind what was put.
func (q *queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
	return nil
}
