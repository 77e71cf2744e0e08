// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/vmrr/vmrr/timeline"
)

// verify is `vmrr verify`.
func verify(ctx context.Context, args []string) error {
	f := newFlags("verify", "[DIR]", "Replays a recording, the latest if no DIR is given, and checks every state hash.")
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	rec, err := openReplay(first(rest), nil)
	if err != nil {
		return err
	}
	defer rec.close()
	past, err := rec.start(startOptions{policy: timeline.Policy{Every: timeline.Never}, progress: progress("verifying")})
	if err != nil {
		return err
	}
	defer past.close()
	t := past.timeline
	stop, err := t.Verify(ctx)
	if err != nil {
		return err
	}
	if stop == timeline.StopInterrupted {
		return errInterrupted
	}
	bytes, _ := t.Machine().Board.Console()
	fmt.Printf("%s: %d instructions, %d state hashes and %d console bytes verified, ended by %s\n",
		rec.dir.Path(), t.Machine().Moment().ICount, len(t.Player().Hashes()), bytes, endOf(t))
	return rec.damage
}

func endOf(t *timeline.Timeline) string {
	if end := t.Player().End(); end.CutOff != nil {
		return "being cut off: " + end.CutOff.Error()
	}
	return t.Player().End().Reason
}

// progress returns a timeline's progress function that draws a bar on a terminal;
// nil if standard error is none.
func progress(what string) func(at, to uint64) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(at, to uint64) {
		if bar == nil {
			bar = progressbar.NewOptions64(int64(to), progressbar.OptionSetDescription(what),
				progressbar.OptionSetWriter(os.Stderr), progressbar.OptionClearOnFinish())
		}
		bar.Set64(int64(at))
		if at >= to {
			bar.Finish()
		}
	}
}
