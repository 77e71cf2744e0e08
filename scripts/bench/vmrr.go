// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// The names of the modes, as the table shows them.
const (
	vmrrRun    = "vmrr run"
	vmrrRecord = "vmrr record"
	vmrrReplay = "vmrr replay"
	qemuRun    = "QEMU -icount"
	qemuRecord = "QEMU rr=record"
	qemuReplay = "QEMU rr=replay"
)

// mode is one way to run the guest.
type mode struct {
	name string
	ours bool // a failure is an error of vmrr and not only of the comparison
	run  func(ctx context.Context, dir string, timeout time.Duration) result
}

// vmrrModes returns run, record and replay; replay plays what record made in the
// same round.
func vmrrModes(o options) []mode {
	machine := []string{"-m", o.memory, "-nographic", "-icount", fmt.Sprintf("shift=%d,sleep=off", o.shift),
		"-kernel", filepath.Join(o.guest, "vmlinuz"), "-initrd", filepath.Join(o.guest, "initrd.gz"), "-append", o.append}
	command := func(args ...string) []string { return append([]string{o.vmrr}, args...) }
	// The count is asked once: it hardly differs between recordings of a guest.
	var count uint64
	run := func(args func(dir string) []string) func(context.Context, string, time.Duration) result {
		return func(ctx context.Context, dir string, timeout time.Duration) result {
			recording := filepath.Join(dir, "recording")
			p := process{args: args(recording)}
			r := p.measure(ctx, timeout)
			if _, err := os.Stat(recording); err == nil && r.err == nil && count == 0 {
				count, r.err = recordedCount(ctx, o.vmrr, recording)
			}
			r.icount = count
			return r
		}
	}
	return []mode{
		{vmrrRun, true, run(func(string) []string { return command(append([]string{"run"}, machine...)...) })},
		{vmrrRecord, true, run(func(dir string) []string {
			return command(append([]string{"record", "-o", dir}, machine...)...)
		})},
		{vmrrReplay, true, run(func(dir string) []string { return command("replay", dir) })},
	}
}

var instructions = regexp.MustCompile(`(\d+) instructions`)

// recordedCount returns how many instructions a recording has, as verify tells.
func recordedCount(ctx context.Context, vmrr, dir string) (uint64, error) {
	cmd := exec.CommandContext(ctx, vmrr, "verify", dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("vmrr verify: %w", err)
	}
	m := instructions.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("vmrr verify tells no instruction count:\n%s", out)
	}
	return strconv.ParseUint(string(m[1]), 10, 64)
}
