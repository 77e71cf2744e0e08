// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"bytes"
	"context"
	"fmt"
	"io"
)

// prompt is QEMU's: scripts wait for these very characters to know that a command
// is over.
const prompt = "(qemu) "

// Shell is the human monitor on streams of bytes.
type Shell struct {
	Monitor *Monitor
	// Do runs f on the machine's thread. An error says that f did not run.
	Do func(ctx context.Context, f func()) error
}

// Serve reads commands from conn and answers them until the peer has sent all that
// it will, conn fails, or ctx is cancelled; then it closes conn. Like QEMU's it
// echoes what is typed, on any kind of stream. Ctrl-C ends the command in progress,
// and drops what was typed ahead of it. The peer ends it too when it goes.
func (s *Shell) Serve(ctx context.Context, conn io.ReadWriteCloser) {
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	there, gone := context.WithCancel(ctx)
	t := &talk{shell: s, conn: conn, edit: editor{prompt: prompt}, ahead: newAhead(there)}
	go func() {
		if HungUp(ctx, conn, t.ahead.read(ctx, conn)) {
			gone()
		}
	}()
	fmt.Fprintf(&t.edit.echo, "vmrr %s monitor - type 'help' for more information\r\n", s.Monitor.Version)
	t.edit.start()
	for t.flush() == nil {
		p, cancelled, ok := t.ahead.next(ctx)
		if !ok {
			return
		}
		t.typed(cancelled, p)
	}
}

// talk is one peer's session with a Shell.
type talk struct {
	shell *Shell
	conn  io.ReadWriteCloser
	edit  editor
	ahead *ahead
}

// typed edits, and executes a line that is complete.
func (t *talk) typed(ctx context.Context, p []byte) {
	for _, b := range p {
		if line, done := t.edit.typed(b); done {
			if t.flush() != nil {
				return
			}
			t.execute(ctx, line)
			t.edit.start()
		}
	}
}

func (t *talk) execute(ctx context.Context, line string) {
	var out bytes.Buffer
	run := func() { t.shell.Monitor.Run(ctx, line, &out) }
	if anywhere(line) {
		run()
	} else if err := t.shell.Do(ctx, run); err != nil {
		fmt.Fprintf(&out, "Error: %v\n", err)
	}
	t.edit.echo.Write(Lines(out.Bytes()))
}

// flush sends what there is to see.
func (t *talk) flush() error {
	if t.edit.echo.Len() == 0 {
		return nil
	}
	_, err := t.edit.echo.WriteTo(t.conn)
	return err
}

// Lines ends each line in CR LF, as QEMU's monitor does everywhere.
func Lines(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
}
