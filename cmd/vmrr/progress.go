// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar is a progress bar on standard error, if that is a terminal.
type bar struct {
	what  string
	shown bool      // there is a terminal
	begun time.Time // what takes no longer than patience has no bar
	bar   *progressbar.ProgressBar
}

const patience = time.Second

func newBar() *bar { return &bar{shown: term.IsTerminal(int(os.Stderr.Fd()))} }

// progress returns a timeline's progress function that draws the bar; nil if there
// is no terminal.
func (b *bar) progress() func(at, to uint64) {
	if !b.shown {
		return nil
	}
	return func(at, to uint64) {
		switch {
		case !b.shown: // any more
			return
		case at >= to:
			b.finish()
			return
		case b.begun.IsZero():
			b.begun = time.Now()
		}
		if time.Since(b.begun) < patience {
			return
		}
		if b.bar == nil {
			b.bar = progressbar.NewOptions64(int64(to), progressbar.OptionSetDescription(b.what),
				progressbar.OptionSetWriter(os.Stderr), progressbar.OptionClearOnFinish())
		}
		b.bar.Set64(int64(at))
	}
}

// stage says what is done from now on.
func (b *bar) stage(what string) {
	if b.what = what; b.bar != nil {
		b.bar.Describe(what)
	}
}

// finish takes the bar off the screen.
func (b *bar) finish() {
	if b.bar != nil {
		b.bar.Finish()
	}
	b.bar, b.begun = nil, time.Time{}
}

// hide takes the bar off the screen for good.
func (b *bar) hide() {
	b.finish()
	b.shown = false
}

// progress returns the progress function of a bar for one purpose.
func progress(what string) func(at, to uint64) { return newBarFor(what).progress() }

// newBarFor returns a bar for one purpose.
func newBarFor(what string) *bar {
	b := newBar()
	b.stage(what)
	return b
}
