// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// keyboardThere reports whether standard input is a terminal that may be read: a
// job in the background would be stopped for it.
func keyboardThere() bool {
	foreground, err := unix.IoctlGetInt(int(os.Stdin.Fd()), unix.TIOCGPGRP)
	return isTerminal() && err == nil && foreground == unix.Getpgrp()
}

func isTerminal() bool { return term.IsTerminal(int(os.Stdin.Fd())) }

// rawTerminal makes the terminal hand over each key as it is, and returns what
// undoes that. With signals, Ctrl-C and the like are not handed over. Output is
// processed as before, so that other messages look right.
func rawTerminal(signals bool) (restore func(), err error) {
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
	terminal.Store(saved)
	return restoreTerminal, nil
}

// terminal is the state that the terminal had before it was made raw; nil if it has it.
var terminal atomic.Pointer[term.State]

// restoreTerminal gives the terminal back. It may be called at any time from anywhere.
func restoreTerminal() {
	if saved := terminal.Swap(nil); saved != nil {
		term.Restore(int(os.Stdin.Fd()), saved)
	}
}
