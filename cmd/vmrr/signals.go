// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/vmrr/vmrr/frontend/terminal"
)

// handedOver says that Ctrl-C belongs to a program in the foreground that we started:
// it reaches us too, and ends nothing.
var handedOver atomic.Bool

// untilSignal returns a context that the first signal ends: whoever works then comes
// to an orderly end. The second ends vmrr at once, with the terminal as it was found.
func untilSignal() context.Context {
	// A reader of the console that goes away is no reason to lose a recording.
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // as nohup has it
			signal.Notify(signals, s)
		}
	}
	next := func() {
		for s := range signals {
			if s != os.Interrupt || !handedOver.Load() {
				return
			}
		}
	}
	go func() {
		next()
		cancel(errInterrupted)
		next()
		terminal.Restore()
		os.Exit(exitInterrupted)
	}()
	return ctx
}

// interruptible does work that writes nothing but its report, until a signal comes.
func interruptible(ctx context.Context, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errInterrupted // the rest goes with the process
	}
}
