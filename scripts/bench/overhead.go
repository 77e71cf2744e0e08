// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// overheads are what is added to a plain run: what a run takes longer with something
// than without it.
var overheads = []struct{ what, with, without, plain string }{
	{"vmrr: log and state hashes", vmrrBare, vmrrRun, vmrrRun},
	{"vmrr: automatic snapshots", vmrrRecord, vmrrBare, vmrrRun},
	{"vmrr: all", vmrrRecord, vmrrRun, vmrrRun},
	{"QEMU: log", qemuRecord, qemuRun, qemuRun},
}

// reportOverhead prints what recording costs.
func reportOverhead(out io.Writer, results map[string][]result) {
	fmt.Fprint(out, "\nWhat recording adds, in per cent of a plain run; whole processes, from their start to their end. vmrr compresses\n"+
		"snapshots on another thread: CPU time shows all of it, wall time little if a processor is free.\n\n")
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "added by\tCPU time, %\twall time, %")
	for _, o := range overheads {
		percent := func(f func(cost) float64) spread {
			return byRound(func(r []result) float64 {
				return 100 * (f(r[0].process) - f(r[1].process)) / f(r[2].process)
			}, results[o.with], results[o.without], results[o.plain])
		}
		cpu := percent(func(c cost) float64 { return c.cpu })
		if cpu.n > 0 {
			fmt.Fprintf(t, "%s\t%s\t%s\n", o.what, cpu.format(1), percent(func(c cost) float64 { return c.wall }).format(1))
		}
	}
	t.Flush()
}
