// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/vmrr/vmrr/cpu/unicorn"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// record is `vmrr record`.
func record(ctx context.Context, args []string) (err error) {
	var (
		opts     machineOptions
		debug    debugOptions
		devices  deviceOptions
		out      string
		snapshot string
	)
	f := newFlags("record", "[machine options] [-o DIR]", "Runs a machine and records it.")
	opts.add(f)
	debug.add(f)
	devices.add(f)
	f.StringVarP(&out, "output", "o", "", "directory of the recording; without it the next numbered one")
	f.StringVar(&snapshot, "rrsnapshot", "", "name of a snapshot to take at the start")
	if _, err := parse(f, args, 0); err != nil {
		return err
	}
	words, err := devices.parse()
	if err != nil {
		return err
	}
	if err := words.checkStart(&debug); err != nil {
		return err
	}
	cfg, ic, err := opts.config()
	if err != nil {
		return err
	}
	ln, err := debug.listen(ctx)
	if err != nil {
		return err
	}
	clock, err := hostClock(opts.rtc)
	if err != nil {
		return err
	}
	if snapshot != "" {
		if err := timeline.CheckName(snapshot); err != nil {
			return usagef("-rrsnapshot: %w", err)
		}
	}
	dir, err := createRecording(out, &cfg, replay.Manifest{Version: Version, Unicorn: unicorn.Behaviour(), Created: time.Now().UTC()})
	if err != nil {
		return err
	}
	log, err := dir.CreateLog()
	if err != nil {
		return err
	}
	live := replay.NewLive(clock, hostEntropy(opts.seed), ic.sleep)
	defer live.Close()
	kept := openKept(dir, cfg.RAM)
	rec := replay.NewRecorder(live, log)
	r := liveRun{cfg: cfg, words: words, live: live, door: rec, rec: &timeline.Recording{Recorder: rec, Keep: kept.put}, ln: ln, stopped: debug.stopped,
		mode: monitor.ModeRecord, path: dir.Path()}
	if snapshot != "" {
		r.keep = func(l *timeline.Live) error { return l.SaveSnapshot(snapshot) }
	}
	err = r.run(ctx)
	err = errors.Join(err, kept.close(), log.Close())
	if err == nil || errors.Is(err, errInterrupted) {
		fmt.Fprintf(os.Stderr, "vmrr: recorded in %s\n", dir.Path())
	} else {
		fmt.Fprintf(os.Stderr, "vmrr: what was recorded before the error is in %s\n", dir.Path())
	}
	return err
}
