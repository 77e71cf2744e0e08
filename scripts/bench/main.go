// SPDX-License-Identifier: GPL-2.0-or-later

// Command bench runs the test guest under vmrr and QEMU in turn and prints how
// long each took: ratios first, because a shared machine's absolute times vary.
//
//	go run ./scripts/bench -n 5
//
// The guest is Linux with an initrd that does a fixed amount of work and ends
// with the line GUEST-END. Two stretches are timed: the whole run up to there, of
// which unpacking the kernel, a tight loop, is more than half; and the kernel and
// its programs alone, from their first line on the console.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

type options struct {
	rounds  int
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
	if _, err := exec.LookPath(o.vmrr); err != nil {
		return fmt.Errorf("there is no vmrr to measure: %w", err)
	}
	dir, err := os.MkdirTemp("", "vmrr-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	modes := append(vmrrModes(o), qemuModes(o)...)
	results := make(map[string][]result)
	for round := range o.rounds {
		work := filepath.Join(dir, fmt.Sprint(round))
		if err := os.Mkdir(work, 0o755); err != nil {
			return err
		}
		for _, m := range modes {
			fmt.Fprintf(os.Stderr, "round %d of %d: %s ... ", round+1, o.rounds, m.name)
			r := m.run(ctx, work, o.timeout)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if r.err != nil {
				fmt.Fprintf(os.Stderr, "failed: %v\n", r.err)
			} else {
				fmt.Fprintf(os.Stderr, "%.2f s\n", r.total.wall)
			}
			results[m.name] = append(results[m.name], r)
		}
		if err := os.RemoveAll(work); err != nil {
			return err
		}
	}
	report(os.Stdout, o, modes, results)
	for _, m := range modes {
		for _, r := range results[m.name] {
			if r.err != nil && m.ours {
				return fmt.Errorf("%s failed in %d of %d rounds", m.name, failures(results[m.name]), o.rounds)
			}
		}
	}
	return nil
}
