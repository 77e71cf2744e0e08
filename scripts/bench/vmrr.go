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
	"strings"
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
	run := func(args func(dir string) []string, counted bool) func(context.Context, string, time.Duration) result {
		return func(ctx context.Context, dir string, timeout time.Duration) result {
			p := process{args: args(filepath.Join(dir, "recording"))}
			r := p.measure(ctx, timeout)
			if r.err == nil && counted {
				r.icount, r.err = recordedCount(ctx, o.vmrr, filepath.Join(dir, "recording"))
			}
			return r
		}
	}
	return []mode{
		{vmrrRun, true, run(func(string) []string { return command(append([]string{"run"}, machine...)...) }, false)},
		{vmrrRecord, true, run(func(dir string) []string {
			return command(append([]string{"record", "-o", dir}, machine...)...)
		}, true)},
		{vmrrReplay, true, run(func(dir string) []string { return command("replay", dir) }, true)},
	}
}

var icountIn = regexp.MustCompile(`(?i)\b(?:icount|instructions)\D*(\d[\d,_ ]*)`)

// recordedCount asks vmrr info how many instructions a recording has.
func recordedCount(ctx context.Context, vmrr, dir string) (uint64, error) {
	cmd := exec.CommandContext(ctx, vmrr, "info", dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("vmrr info: %w", err)
	}
	m := icountIn.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("vmrr info tells no instruction count:\n%s", out)
	}
	return strconv.ParseUint(strings.NewReplacer(",", "", "_", "", " ", "").Replace(string(m[1])), 10, 64)
}
