// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// ratios are the comparisons made, the first by the second.
var ratios = []struct{ a, b string }{
	{vmrrRecord, vmrrRun},
	{vmrrReplay, vmrrRecord},
	{qemuReplay, qemuRecord},
	{qemuRun, vmrrRun},
	{qemuRecord, vmrrRecord},
	{qemuReplay, vmrrReplay},
}

// reportSpeed prints how long runs took.
func reportSpeed(out io.Writer, modes []mode, results map[string][]result) {
	fmt.Fprintf(out, "\nRatios; above 1, the first one takes longer. whole: from the start of the process to\n"+
		"%s; kernel: from the line %q, without the unpacking of the kernel.\n\n", lastLine, firstLine)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ratio\twhole, CPU time\twhole, wall time\tkernel, CPU time\tkernel, wall time")
	whole, kernel := func(r result) cost { return r.total }, func(r result) cost { return r.kernel }
	for _, q := range ratios {
		wholeCPU, wholeWall := ratio(results[q.a], results[q.b], whole)
		kernelCPU, kernelWall := ratio(results[q.a], results[q.b], kernel)
		if wholeCPU.n > 0 {
			fmt.Fprintf(t, "%s / %s\t%s\t%s\t%s\t%s\n", q.a, q.b, wholeCPU.format(2), wholeWall.format(2),
				kernelCPU.format(2), kernelWall.format(2))
		}
	}
	t.Flush()
	reportOverhead(out, results)
	fmt.Fprint(out, "\nQEMU's record and replay wait in host time while the guest sleeps; the others do not.\n\n")
	fmt.Fprintln(t, "run\tkernel, CPU s\tkernel, wall s\twhole, CPU s\twhole, wall s\tM instructions\tM instr./s, whole\tfailed")
	for _, m := range modes {
		if rs := results[m.name]; slices.Contains(m.parts, partSpeed) {
			count, rate := instructions(m.name, results)
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d of %d\n", m.name,
				of(rs, func(r result) float64 { return r.kernel.cpu }).format(2),
				of(rs, func(r result) float64 { return r.kernel.wall }).format(2),
				of(rs, func(r result) float64 { return r.total.cpu }).format(2),
				of(rs, func(r result) float64 { return r.total.wall }).format(2),
				count, rate, failures(rs), len(rs))
		}
	}
	t.Flush()
}

// instructions formats how many a run has, in millions, and how many of them it did
// a second. Both emulators tell the count of a recording only.
func instructions(name string, results map[string][]result) (count, rate string) {
	n, source := counts(results[name]), ""
	if n.n == 0 { // the same guest
		n = counts(results[map[string]string{vmrrRun: vmrrRecord, vmrrBare: vmrrRecord, qemuRun: qemuRecord}[name]])
		source = "about "
	}
	if n.n == 0 {
		return "-", "-"
	}
	speed := of(results[name], func(r result) float64 { return n.median / r.total.wall / 1e6 })
	return fmt.Sprintf("%s%.0f", source, n.median/1e6), speed.format(0)
}
