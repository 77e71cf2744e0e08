// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"context"
	"io"
	"os"

	"github.com/vmrr/vmrr/frontend/terminal"
)

// serveStdio gives standard input to whom it is for.
func (f *Frontend) serveStdio(ctx context.Context) error {
	use, unit := f.words.stdio()
	keys := terminal.HasKeyboard()
	c := &console{guest: f.feed(unit), shell: f.shell, out: f.out, quit: f.service.Quit, keys: keys, focus: f.operator.Store,
		escapes: f.words.Console(), ended: func() { f.inputEnded(ctx) }, serving: &f.serving}
	switch {
	case use == useNothing, terminal.Present() && !keys:
		return nil // nobody wants it, or it belongs to the job in the foreground
	case use == useSerial && c.guest == nil && !c.escapes:
		return nil // nothing that is typed means anything
	case use == useQMP:
		f.serving.Go(func() {
			f.qmp.Load().Serve(ctx, &standardIO{os.Stdin, f.out})
			f.inputEnded(ctx)
		})
		return nil
	}
	if keys {
		var err error
		if f.restore, err = terminal.Raw(!c.escapes); err != nil {
			return err
		}
	}
	if use == useMonitor {
		f.serving.Go(func() {
			f.shell.Serve(ctx, &standardIO{os.Stdin, f.out})
			f.inputEnded(ctx)
		})
		return nil
	}
	f.serving.Go(func() { c.hold(ctx) })
	go c.read(ctx, os.Stdin)
	return nil
}

// inputEnded is called when nothing more will come from standard input. As in QEMU
// that does not end the run; but a replay may be at its end and have waited for this,
// and where nobody is left to start the machine, we say so.
func (f *Frontend) inputEnded(ctx context.Context) {
	if ctx.Err() != nil {
		return // we have ended it
	}
	f.hungUp.Store(true)
	if f.service.HungUp != nil {
		f.service.HungUp()
	}
	f.sayIfStuck()
}

func (f *Frontend) sayIfStuck() {
	if !f.words.remote() && f.service.Stuck() {
		terminal.Say("the machine is stopped, and standard input has ended: nobody can start it; a signal ends vmrr")
	}
}

// standardOutput is os.Stdout, which stays open.
type standardOutput struct{ *os.File }

// Close does nothing.
func (standardOutput) Close() error { return nil }

// standardIO is a connection made of two ends that are closed elsewhere.
type standardIO struct {
	io.Reader
	io.Writer
}

// Close ends a queue, so that nobody waits for what is typed.
func (s *standardIO) Close() error {
	if q, ok := s.Reader.(*queue); ok {
		return q.Close()
	}
	return nil
}
