// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"bytes"
	"context"
	"io"
	"sync"
)

const (
	// chunk is how many bytes are read at once.
	chunk = 4096
	// maxAhead is how many bytes may be typed ahead of the commands being executed;
	// a peer that sends more is not read for a while.
	maxAhead = 1 << 20
)

// ahead is what a peer has typed and the shell has not come to. It is read while a
// command is executed, so that a Ctrl-C is seen.
type ahead struct {
	there   context.Context // ends when the peer has gone
	changed chan struct{}   // holds a token if there is more, or all has come
	room    chan struct{}   // holds a token if something was taken

	mu     sync.Mutex
	typed  []byte
	all    bool               // nothing more will come
	cancel context.CancelFunc // of what was taken last
}

func newAhead(there context.Context) *ahead {
	return &ahead{there: there, changed: make(chan struct{}, 1), room: make(chan struct{}, 1), cancel: func() {}}
}

// read takes what the peer sends until it sends no more or ctx is cancelled, and
// returns why there is no more.
func (a *ahead) read(ctx context.Context, in io.Reader) error {
	p := make([]byte, chunk)
	for {
		n, err := in.Read(p)
		full := a.put(p[:n], err != nil)
		if err != nil {
			return err
		}
		for ; full; full = a.put(nil, false) {
			select {
			case <-a.room:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// put adds what was typed; all says that nothing follows. A Ctrl-C, wherever it is,
// cancels what is executed, and what was typed before it is dropped, as a terminal
// does (termios(3), ISIG).
func (a *ahead) put(p []byte, all bool) (full bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := bytes.LastIndexByte(p, keyCtrlC); i >= 0 {
		a.cancel()
		a.typed, p = nil, p[i:]
	}
	a.typed, a.all = append(a.typed, p...), all
	post(a.changed)
	return len(a.typed) >= maxAhead
}

// next takes what was typed, up to the end of the first line. The context that it
// returns is cancelled by a Ctrl-C, when the peer goes, and by the next call. ok is false
// if there is nothing and nothing will come, or ctx is cancelled.
func (a *ahead) next(ctx context.Context) (p []byte, cancelled context.Context, ok bool) {
	for {
		a.mu.Lock()
		all := a.all
		if len(a.typed) > 0 && ctx.Err() == nil {
			defer a.mu.Unlock()
			n := bytes.IndexAny(a.typed, "\r\n") + 1
			if n == 0 {
				n = len(a.typed)
			}
			p, a.typed = a.typed[:n:n], a.typed[n:]
			a.cancel()
			cancelled, a.cancel = context.WithCancel(a.there)
			post(a.room)
			return p, cancelled, true
		}
		a.mu.Unlock()
		if all {
			return nil, nil, false
		}
		select {
		case <-a.changed:
		case <-ctx.Done():
			return nil, nil, false
		}
	}
}

// post leaves a token.
func post(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
