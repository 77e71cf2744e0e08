// SPDX-License-Identifier: GPL-2.0-or-later

package chardev

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// maxPending bounds, in bytes, what an Outlet keeps for a slow reader.
const maxPending = 1 << 20

// Outlet hands a machine's output to whoever is connected. Writing to it never
// waits: of what a reader is too slow for, the oldest is lost and a note says so,
// and while nobody is connected everything is, as it is on a cable.
type Outlet struct {
	mu      sync.Mutex
	reader  bool // somebody is connected
	pending []byte
	lost    int           // bytes lost before pending
	more    chan struct{} // holds a token if something was put
}

// NewOutlet returns an Outlet with nobody connected.
func NewOutlet() *Outlet { return &Outlet{more: make(chan struct{}, 1)} }

// Put sends one byte.
func (o *Outlet) Put(b byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.reader {
		return
	}
	if len(o.pending) == maxPending {
		o.lost += maxPending / 2
		o.pending = append(o.pending[:0], o.pending[maxPending/2:]...)
	}
	o.pending = append(o.pending, b)
	select {
	case o.more <- struct{}{}:
	default:
	}
}

// Attach makes the output wait for Drain until Detach. Where a reader is attached
// already it does nothing.
func (o *Outlet) Attach() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reader = true
}

// Detach says that nobody is connected any more.
func (o *Outlet) Detach() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reader, o.pending, o.lost = false, nil, 0
}

// Drain writes the output to w until ctx is cancelled, which writes what is left
// first, or w fails.
func (o *Outlet) Drain(ctx context.Context, w io.Writer) error {
	for {
		over := ctx.Err() != nil
		if out := o.take(); len(out) > 0 {
			if _, err := w.Write(out); err != nil {
				return err
			}
			continue
		}
		if over {
			return nil
		}
		select {
		case <-o.more:
		case <-ctx.Done():
		}
	}
}

func (o *Outlet) take() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := o.pending
	if o.lost > 0 {
		out = append(fmt.Appendf(nil, "\r\n[%d bytes are missing here: they were not read in time]\r\n", o.lost), out...)
	}
	o.pending, o.lost = nil, 0
	return out
}
