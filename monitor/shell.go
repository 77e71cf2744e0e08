// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
)

// prompt is QEMU's: scripts wait for these very characters to know that a command
// is over.
const prompt = "(qemu) "

const (
	// chunk is how many bytes are read at once.
	chunk = 4096
	// ahead is how many chunks may be typed ahead of the commands being
	// executed; a peer that sends more is not read for a while.
	ahead = 16
)

// Shell is the human monitor on streams of bytes.
type Shell struct {
	Monitor *Monitor
	// Do runs f on the machine's thread. An error says that f did not run.
	Do func(ctx context.Context, f func()) error
}

// Serve reads commands from conn and answers them until the peer has sent all that
// it will, conn fails, or ctx is cancelled; then it closes conn. Like QEMU's it
// echoes what is typed, on any kind of stream. Ctrl-C ends the command in progress.
// So does the peer when it goes.
func (s *Shell) Serve(ctx context.Context, conn io.ReadWriteCloser) {
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	there, gone := context.WithCancel(ctx)
	t := &talk{shell: s, conn: conn, edit: editor{prompt: prompt}, input: make(chan []byte, ahead)}
	go func() {
		if HungUp(ctx, conn, t.read(ctx)) {
			gone()
		}
	}()
	fmt.Fprintf(&t.edit.echo, "vmrr %s monitor - type 'help' for more information\r\n", s.Monitor.Version)
	t.edit.start()
	for t.flush() == nil {
		select {
		case <-ctx.Done():
			return
		case p, ok := <-t.input:
			if !ok {
				return
			}
			t.typed(there, p)
		}
	}
}

// talk is one peer's session with a Shell.
type talk struct {
	shell *Shell
	conn  io.ReadWriteCloser
	edit  editor
	input chan []byte // closed when the peer sends no more

	mu     sync.Mutex
	cancel context.CancelFunc // of the command in progress; nil if none
}

// read hands over what the peer sends, and sees a Ctrl-C at once. It returns why there
// is no more.
func (t *talk) read(ctx context.Context) error {
	defer close(t.input)
	for {
		p := make([]byte, chunk)
		n, err := t.conn.Read(p)
		if bytes.IndexByte(p[:n], keyCtrlC) >= 0 {
			t.interrupt()
		}
		select {
		case t.input <- p[:n]:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

func (t *talk) interrupt() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cancel != nil {
		t.cancel()
	}
}

// typed edits, and executes the lines that are complete.
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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.begin(cancel)
	defer t.begin(nil)
	var out bytes.Buffer
	if err := t.shell.Do(ctx, func() { t.shell.Monitor.Run(ctx, line, &out) }); err != nil {
		fmt.Fprintf(&out, "Error: %v\n", err)
	}
	t.edit.echo.Write(Lines(out.Bytes()))
}

func (t *talk) begin(cancel context.CancelFunc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cancel = cancel
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
