// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"testing"
)

func TestInterruptible(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	failed := errors.New("damaged")
	if err := interruptible(ctx, func() error { return failed }); err != failed {
		t.Errorf("work that fails: error %v; want %v", err, failed)
	}
	endless := make(chan bool)
	defer close(endless)
	cancel()
	if err := interruptible(ctx, func() error { <-endless; return nil }); err != errInterrupted {
		t.Errorf("work that a signal ends: error %v; want %v", err, errInterrupted)
	}
}
