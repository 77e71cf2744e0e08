// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"bytes"
	"context"
	"io"
	"os"
	"sync"
	"syscall"

	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/monitor"
)

const (
	escapeKey = 1 // Ctrl-A
	ctrlC     = 3
	redraw    = 0x0c // makes the monitor show its prompt
)

const escapeHelp = "Ctrl-A h  this help\nCtrl-A x  end the run\nCtrl-A c  switch between the guest and the monitor\n" +
	"Ctrl-A r  press reset\nCtrl-A p  press the power button\nCtrl-A n  raise an NMI\nCtrl-A Ctrl-A  send Ctrl-A\n"

// escapes are the keys that are inputs to the machine.
var escapes = map[byte]machine.InputKind{
	'r': machine.InputReset,
	'p': machine.InputPower,
	'n': machine.InputNMI,
}

// console is standard input, shared by the guest's first serial port and a monitor.
type console struct {
	escapes bool    // Ctrl-A is the escape key
	guest   *feeder // nil in a replay
	shell   *monitor.Shell
	out     *sink
	quit    func()
	keys    bool       // standard input is a terminal in raw mode
	focus   func(bool) // is told whether the monitor has the keyboard
	ended   func()     // is called when everything typed to the monitor was done and nothing follows
	serving *sync.WaitGroup

	escaped  bool
	operator bool          // the monitor has the keyboard
	toGuest  *queue        // nil until something is typed to it
	toShell  *queue        // nil until the monitor is started
	over     chan struct{} // closed when the monitor has ended
	full     bool          // what was typed last was refused
	refused  bool          // it was said that the guest takes no input

	mu sync.Mutex // held while the monitor is started
}

// read hands over standard input until it ends or ctx is cancelled.
func (c *console) read(ctx context.Context, in io.Reader) {
	defer c.close(ctx)
	buf := make([]byte, chunk)
	for ctx.Err() == nil {
		n, err := in.Read(buf)
		c.typed(ctx, buf[:n])
		if err != nil {
			return
		}
	}
}

// close says that nothing more will be typed. What was typed to the monitor is done
// first; the guest may never take what was typed to it.
func (c *console) close(ctx context.Context) {
	for _, q := range []*queue{c.toGuest, c.toShell} {
		if q != nil {
			q.Close()
		}
	}
	if c.toShell != nil {
		select {
		case <-c.over:
		case <-ctx.Done():
		}
	}
	c.ended()
}

// typed takes the escapes out of what was typed, and hands over the rest.
func (c *console) typed(ctx context.Context, in []byte) {
	data := make([]byte, 0, len(in))
	for _, b := range in {
		switch {
		case c.escapes && !c.escaped && b == escapeKey:
			c.escaped = true
		case c.escaped && b != escapeKey:
			c.escaped = false
			c.send(ctx, data)
			data = data[len(data):]
			c.escape(ctx, b)
		default:
			c.escaped = false
			data = append(data, b)
		}
	}
	c.send(ctx, data)
}

// send hands data to who has the keyboard.
func (c *console) send(ctx context.Context, data []byte) {
	switch {
	case len(data) == 0:
	case c.operator:
		if c.listening() {
			c.offer(c.toShell, data)
		}
	case c.guest != nil && c.escapes:
		if c.toGuest == nil {
			c.toGuest = newQueue()
			go c.guest.feedAll(ctx, c.toGuest)
		}
		c.offer(c.toGuest, data)
	case c.guest != nil: // there is nothing here that must get past it
		c.guest.feed(ctx, data)
	case c.keys && bytes.IndexByte(data, ctrlC) >= 0:
		// In a replay, whose guest has no use for it, it means what it does
		// everywhere.
		syscall.Kill(os.Getpid(), syscall.SIGINT)
	default:
		c.refuse()
	}
}

// offer hands over data without waiting, so that the escapes always work: what
// somebody types ahead beyond all bounds is refused, and that is said once.
func (c *console) offer(to *queue, data []byte) {
	full := to.put(data) < len(data)
	if full && !c.full {
		terminal.Say("what is typed is not taken, and %d KiB are waiting: the rest is lost; Ctrl-A h lists the keys", maxTyped>>10)
	}
	c.full = full
}

// refuse says once that a replay takes no input.
func (c *console) refuse() {
	if !c.refused {
		c.refused = true
		terminal.Say("a replay takes no input but what was recorded; Ctrl-A h lists the keys")
	}
}

func (c *console) escape(ctx context.Context, b byte) {
	switch b {
	case 'h', '?':
		terminal.Print(escapeHelp)
	case 'x':
		c.quit()
	case 'c':
		c.change(ctx)
	default:
		if kind, ok := escapes[b]; ok && c.guest == nil {
			c.refuse()
		} else if ok {
			c.guest.push(machine.Input{Kind: kind})
		}
	}
}

// change gives the keyboard to the other one. The guest's output is shown all the
// time.
func (c *console) change(ctx context.Context) {
	c.operator = !c.operator
	c.focus(c.operator)
	switch {
	case !c.operator:
	case c.toShell == nil:
		c.start(ctx)
	case c.listening():
		c.toShell.put([]byte{redraw})
	}
}

// start starts the monitor, unless the run is ending. It ends with the keyboard, with
// ctx, or because standard output takes nothing any more: then nobody can use it.
func (c *console) start(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.toShell, c.over = newQueue(), make(chan struct{})
	if ctx.Err() != nil {
		close(c.over)
		return
	}
	q, over := c.toShell, c.over
	c.serving.Go(func() {
		defer close(over)
		c.shell.Serve(ctx, &standardIO{q, c.out})
		c.focus(false)
	})
}

// listening reports whether the monitor, which was started, takes what is typed. If it
// does not any more, the keyboard is the guest's.
func (c *console) listening() bool {
	select {
	case <-c.over:
	default:
		return true
	}
	if c.operator {
		c.operator = false
		c.focus(false)
		terminal.Say("the monitor has ended, as standard output takes nothing: what is typed is the guest's")
	}
	return false
}

// hold keeps the frontend waiting for the monitor until ctx ends, so that it may be
// started as long.
func (c *console) hold(ctx context.Context) {
	<-ctx.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
}
