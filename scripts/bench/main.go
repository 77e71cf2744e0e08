// SPDX-License-Identifier: GPL-2.0-or-later

// Command bench runs the test guest under vmrr and QEMU in turn and prints how
// long each took: ratios first, because a shared machine's absolute times vary.
//
//	go run ./scripts/bench -n 5
//	go run ./scripts/bench -only snapshots
//	go run ./scripts/bench -only travel -n 1 -timeout 10m
//
// The guest is Linux with an initrd that does a fixed amount of work and ends
// with the line GUEST-END. Two stretches are timed: the whole run up to there, of
// which unpacking the kernel, a tight loop, is more than half; and the kernel and
// its programs alone, from their first line on the console. Beside that it tells
// what recording adds to a plain run, how long savevm and loadvm take, and what is
// on disk afterwards.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

type options struct {
	rounds  int
	only    string // a part; empty: all
	timeout time.Duration
	vmrr    string
	qemu    string
	guest   string
	append  string
	memory  string
	shift   int
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "n", 5, "how many rounds; each runs everything once")
	flag.StringVar(&o.only, "only", "", "measure one thing only: "+strings.Join(allParts, ", "))
	flag.DurationVar(&o.timeout, "timeout", 3*time.Minute, "how long one run may take")
	flag.StringVar(&o.vmrr, "vmrr", "bin/vmrr", "the vmrr to measure")
	flag.StringVar(&o.qemu, "qemu", "qemu-system-x86_64", "the QEMU to compare with; empty for none")
	flag.StringVar(&o.guest, "guest", "build/guests/x86_64", "directory with vmlinuz and initrd.gz")
	flag.StringVar(&o.append, "append", "console=ttyS0 panic=-1", "kernel command line")
	flag.StringVar(&o.memory, "m", "256M", "RAM of the guest")
	flag.IntVar(&o.shift, "shift", 3, "an instruction takes 2^shift ns of virtual time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, o options) error {
	if o.rounds < 1 {
		return fmt.Errorf("-n %d: want at least one round", o.rounds)
	}
	if o.only != "" && !slices.Contains(allParts, o.only) {
		return fmt.Errorf("-only %s: want one of %s", o.only, strings.Join(allParts, ", "))
	}
	if _, err := exec.LookPath(o.vmrr); err != nil {
		return fmt.Errorf("there is no vmrr to measure: %w", err)
	}
	modes := needed(append(vmrrModes(o), qemuModes(o)...), o.only)
	results, err := measureAll(ctx, o, modes)
	if err != nil {
		return err
	}
	report(os.Stdout, o, modes, results)
	for _, m := range modes {
		if n := failures(results[m.name]); n > 0 && m.ours {
			return fmt.Errorf("%s failed in %d of %d rounds", m.name, n, o.rounds)
		}
	}
	return nil
}

// measureAll runs every mode in every round.
func measureAll(ctx context.Context, o options, modes []mode) (map[string][]result, error) {
	dir, err := os.MkdirTemp("", "vmrr-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	results := make(map[string][]result)
	for round := range o.rounds {
		work := filepath.Join(dir, fmt.Sprint(round))
		if err := os.Mkdir(work, 0o755); err != nil {
			return nil, err
		}
		for _, m := range modes {
			fmt.Fprintf(os.Stderr, "round %d of %d: %s ... ", round+1, o.rounds, m.name)
			r := m.run(ctx, work)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if r.err != nil {
				fmt.Fprintf(os.Stderr, "failed: %v\n", r.err)
			} else {
				fmt.Fprintf(os.Stderr, "%.2f s\n", r.process.wall)
			}
			results[m.name] = append(results[m.name], r)
		}
		if err := os.RemoveAll(work); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func report(out io.Writer, o options, modes []mode, results map[string][]result) {
	fmt.Fprintf(out, "Medians (least-most) of %d rounds, shift=%d, %s of RAM.\n", o.rounds, o.shift, o.memory)
	wanted := func(part string) bool { return o.only == "" || o.only == part }
	if wanted(partSpeed) {
		reportSpeed(out, modes, results)
	}
	if wanted(partSnapshots) {
		reportOperations(out, results)
	}
	if wanted(partSizes) {
		reportSizes(out, results)
	}
	if o.only == partTravel {
		reportTravel(out, results)
	}
}
