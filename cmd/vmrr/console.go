// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/pc"
)

// console is the terminal as the guest's first serial port.
type console struct {
	mu    sync.Mutex
	out   *bufio.Writer
	shown uint64 // offset behind the last byte of the guest's output that was shown
	err   error  // of writing; the guest runs on
	saved *term.State
}

const escapeKey = 1 // Ctrl-A

const escapeHelp = "\r\nCtrl-A h  this help\r\nCtrl-A x  end the run\r\nCtrl-A r  press reset\r\n" +
	"Ctrl-A p  press the power button\r\nCtrl-A n  raise an NMI\r\nCtrl-A Ctrl-A  send Ctrl-A\r\n"

// escapes are the keys that are inputs to the machine.
var escapes = map[byte]machine.InputKind{
	'x': machine.InputEnd,
	'r': machine.InputReset,
	'p': machine.InputPower,
	'n': machine.InputNMI,
}

// newConsole puts the terminal, if standard input is one and is to be read, into
// raw mode.
func newConsole(read bool) (*console, error) {
	c := &console{out: bufio.NewWriter(os.Stdout)}
	if fd := int(os.Stdin.Fd()); read && term.IsTerminal(fd) {
		saved, err := term.MakeRaw(fd)
		if err != nil {
			return nil, fmt.Errorf("preparing the terminal: %w", err)
		}
		c.saved = saved
	}
	go c.flushOften()
	return c, nil
}

// outputs shows what the guest sends to its first serial port, each byte once: a
// replay that passes the same instant again shows nothing anew.
func (c *console) outputs() pc.Outputs {
	return pc.Outputs{Serial: func(port int, at uint64, b byte) {
		if port != 0 {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if at >= c.shown {
			c.shown = at + 1
			c.write(b)
		}
	}}
}

func (c *console) write(b byte) {
	if err := c.out.WriteByte(b); err != nil && c.err == nil {
		c.err = err
	}
}

// flushOften keeps the terminal up to date: a prompt has no newline.
func (c *console) flushOften() {
	for range time.Tick(20 * time.Millisecond) {
		c.flush()
	}
}

func (c *console) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.out.Flush(); err != nil && c.err == nil {
		c.err = err
	}
}

// close gives the terminal back and reports whether the output could be written.
func (c *console) close() error {
	c.flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.saved != nil {
		term.Restore(int(os.Stdin.Fd()), c.saved)
	}
	if c.err != nil {
		return fmt.Errorf("writing the guest's console output: %w", c.err)
	}
	return nil
}

// chunk is how many bytes of input are handed over at a time.
const chunk = 512

// read hands standard input to push until it ends. room returns how many bytes the
// guest's port takes without losing any; it is asked when much was typed.
func (c *console) read(in io.Reader, push func(machine.Input), room func() int) {
	buf := make([]byte, chunk)
	keys := keyboard{raw: c.saved == nil}
	sent := 0
	for {
		n, err := in.Read(buf)
		data := keys.typed(buf[:n], push)
		if len(data) > 0 {
			if sent += len(data); sent > 2*chunk {
				for room() < 2*chunk {
					time.Sleep(10 * time.Millisecond)
				}
				sent = len(data)
			}
			push(machine.Input{Kind: machine.InputSerial, Data: data})
		}
		if err != nil {
			return
		}
	}
}

// keyboard takes the escape key and what follows it out of what is typed.
type keyboard struct {
	raw     bool // not a terminal: every byte is meant
	escaped bool
}

// typed returns the bytes for the guest, and pushes what the escapes mean.
func (k *keyboard) typed(in []byte, push func(machine.Input)) []byte {
	if k.raw {
		return in
	}
	data := make([]byte, 0, len(in))
	for _, b := range in {
		switch {
		case !k.escaped && b == escapeKey:
			k.escaped = true
			continue
		case !k.escaped || b == escapeKey:
			data = append(data, b)
		case b == 'h':
			os.Stderr.WriteString(escapeHelp)
		default:
			if kind, ok := escapes[b]; ok {
				push(machine.Input{Kind: kind})
			}
		}
		k.escaped = false
	}
	return data
}
