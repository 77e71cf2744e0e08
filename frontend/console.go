// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"context"
	"io"
	"os"
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

	escaped  bool
	operator bool // the monitor has the keyboard
	started  bool // the monitor
	toShell  *io.PipeWriter
	refused  bool // it was said that the guest takes no input
}

// read hands over standard input until it ends or ctx is cancelled.
func (c *console) read(ctx context.Context, in io.Reader) {
	buf := make([]byte, chunk)
	for ctx.Err() == nil {
		n, err := in.Read(buf)
		c.typed(ctx, buf[:n])
		if err != nil {
			return
		}
	}
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
		c.toShell.Write(data)
	case c.guest != nil:
		c.guest.feed(ctx, data)
	case c.keys && data[0] == ctrlC:
		// In a replay, whose guest has no use for it, it means what it does
		// everywhere.
		syscall.Kill(os.Getpid(), syscall.SIGINT)
	default:
		c.refuse()
	}
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
	case !c.started:
		c.started = true
		var in *io.PipeReader
		in, c.toShell = io.Pipe()
		go c.shell.Serve(ctx, &standardIO{in, c.out})
	default:
		c.toShell.Write([]byte{redraw})
	}
}
