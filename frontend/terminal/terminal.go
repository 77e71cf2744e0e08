// SPDX-License-Identifier: GPL-2.0-or-later

// Package terminal is the terminal that vmrr was started from: its keyboard, its
// modes, and the messages to who sits there.
package terminal

import (
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// HasKeyboard reports whether standard input is a terminal that may be read: a
// job in the background would be stopped for it.
func HasKeyboard() bool {
	foreground, err := unix.IoctlGetInt(int(os.Stdin.Fd()), unix.TIOCGPGRP)
	return Present() && err == nil && foreground == unix.Getpgrp()
}

// Present reports whether standard input is a terminal.
func Present() bool { return term.IsTerminal(int(os.Stdin.Fd())) }

// Raw makes the terminal hand over each key as it is, and returns what
// undoes that. With signals, Ctrl-C and the like are not handed over. Output is
// processed as before, so that other messages look right.
func Raw(signals bool) (restore func(), err error) {
	fd := int(os.Stdin.Fd())
	saved, err := term.MakeRaw(fd)
	if err != nil {
		return nil, fmt.Errorf("preparing the terminal: %w", err)
	}
	if t, err := unix.IoctlGetTermios(fd, unix.TCGETS); err == nil {
		t.Oflag |= unix.OPOST
		if signals {
			t.Lflag |= unix.ISIG
		}
		unix.IoctlSetTermios(fd, unix.TCSETS, t)
	}
	found.Store(saved)
	return Restore, nil
}

// found is the state that the terminal had before it was made raw; nil if it has it.
var found atomic.Pointer[term.State]

// Restore gives the terminal back. It may be called at any time from anywhere.
func Restore() {
	if saved := found.Swap(nil); saved != nil {
		term.Restore(int(os.Stdin.Fd()), saved)
	}
}
