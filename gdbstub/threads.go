// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import "strings"

// The machine's one processor is thread 1 of process 1.

// thread returns its id in the form that the client uses.
func (s *session) thread() string {
	if s.multiprocess {
		return "p1.1"
	}
	return "1"
}

// isThread reports whether a thread id names the processor: as 1, as 0 (any) or as
// -1 (all), with or without a process. ok is false if it is no thread id.
func isThread(id string) (match, ok bool) {
	if process, found := strings.CutPrefix(id, "p"); found {
		process, thread, both := strings.Cut(process, ".")
		match, ok = isOne(process)
		if !both || !match || !ok {
			return match, ok
		}
		id = thread
	}
	return isOne(id)
}

func isOne(number string) (match, ok bool) {
	if number == "-1" {
		return true, true
	}
	n, ok := parseHex(number)
	return n <= 1, ok
}

// selectThread answers H: choose the thread for later packets.
func (s *session) selectThread(args string) string {
	if args == "" || !strings.Contains("gcm", args[:1]) {
		return errInvalid
	}
	return threadAnswer(args[1:])
}

// threadAlive answers T.
func (s *session) threadAlive(args string) string { return threadAnswer(args) }

func threadAnswer(id string) string {
	if match, ok := isThread(id); !match || !ok {
		return errInvalid
	}
	return "OK"
}

// currentThread answers qC.
func (s *session) currentThread(string) string { return "QC" + s.thread() }

// firstThreads and moreThreads answer qfThreadInfo and qsThreadInfo, the older way
// to list threads.
func (s *session) firstThreads(string) string { return "m" + s.thread() }

func (s *session) moreThreads(string) string { return "l" }

// threadDescription answers qThreadExtraInfo.
func (s *session) threadDescription(args string) string {
	id, found := strings.CutPrefix(args, ",")
	if match, ok := isThread(id); !found || !match || !ok {
		return errInvalid
	}
	return encodeHex([]byte(processorName))
}

const processorName = "CPU#0"

// threadsXML is the document of qXfer:threads:read.
func (s *session) threadsXML() string {
	return "<?xml version=\"1.0\"?>\n<threads>\n<thread id=\"" + s.thread() +
		"\" core=\"0\" name=\"" + processorName + "\"/>\n</threads>\n"
}
