/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What this package assumes of libunicorn 2.0.1.post1's insides that is the
 * same for every target: structure layouts, flag values and TCG opcodes.
 * internals_check.c checks the assumptions at start-up. Nothing outside the
 * internals_* files may depend on a number of the library.
 *
 * The CPU in libunicorn is QEMU 5.0's; the names are QEMU's.
 */
#ifndef VMRR_INTERNALS_QEMU_H
#define VMRR_INTERNALS_QEMU_H

#include <stddef.h>
#include <stdint.h>

#define ASSERT_AT(type, field, offset) \
	_Static_assert(offsetof(type, field) == (offset), #type "." #field " is misplaced")

/* TranslationBlock of 64-bit targets (target_ulong pc). */
struct tb {
	uint64_t pc, cs_base;
	uint32_t flags;
	uint16_t size, icount;
	uint32_t cflags, trace;
	uint8_t *code;
	size_t code_size;
};
ASSERT_AT(struct tb, icount, 22);
ASSERT_AT(struct tb, code, 32);

#define CF_COUNT_MASK 0x00007fff
#define CF_LAST_IO 0x00008000
#define CF_USE_ICOUNT 0x00020000
#define CF_INVALID 0x00040000

#define TB_EXIT_MASK 3
#define TB_EXIT_REQUESTED 3

struct breakpoint { /* CPUBreakpoint, with QTAILQ links */
	uint64_t pc;
	int32_t flags;
	struct breakpoint *next;
	void *prev;
};
#define BP_GDB 0x10
#define BP_CPU 0x20

/* CPUState. jmp_env is never used by libunicorn, which keeps its jump buffers
 * in uc_struct: its 200 bytes hold what the injected code and the interposed
 * functions must reach from the CPU pointer alone. */
struct qemu_cpu {
	uint8_t unused0[0x15];
	uint8_t exit_request;
	uint8_t unused1[2];
	uint32_t cflags_next_tb;
	uint32_t interrupt_request;
	uint32_t unused2[2];
	int64_t icount_budget;
	uint64_t unused3[2];
	int64_t budget; /* ours: instructions left until the limit */
	struct vmrr_engine *engine; /* ours */
	uint8_t unused4[0x128 - 0x50];
	void *env;
	union {
		uint32_t both;
		struct {
			uint16_t low, high;
		};
	} *icount_decr;
	void *tb_jmp_cache[4096];
	uint64_t node[2];
	struct breakpoint *breakpoints;
	void *breakpoints_last;
	void *watchpoints[2];
	void *watchpoint_hit;
	void *opaque;
	uintptr_t mem_io_pc;
	uint64_t trace[2];
	int32_t cpu_index, cluster_index;
	uint32_t halted, can_do_io;
	int32_t exception_index;
	void *uc, *cc;
};
ASSERT_AT(struct qemu_cpu, cflags_next_tb, 0x18);
ASSERT_AT(struct qemu_cpu, icount_budget, 0x28);
ASSERT_AT(struct qemu_cpu, budget, 0x40);
ASSERT_AT(struct qemu_cpu, env, 0x128);
ASSERT_AT(struct qemu_cpu, breakpoints, 0x8148);
ASSERT_AT(struct qemu_cpu, watchpoint_hit, 0x8168);
ASSERT_AT(struct qemu_cpu, mem_io_pc, 0x8178);
ASSERT_AT(struct qemu_cpu, halted, 0x8198);
ASSERT_AT(struct qemu_cpu, exception_index, 0x81a0);
ASSERT_AT(struct qemu_cpu, uc, 0x81a8);

#define CPU_INTERRUPT_HARD 2
#define EXCP_INTERRUPT 0x10000

/* TCGContext: the fields used, by offset, as the structure is 40 KB of others. */
#define TCG_PROLOGUE 0x90
#define TCG_CODE_BUFFER 0xa0
#define TCG_CODE_BUFFER_SIZE 0xb8
#define TCG_CODE_PTR 0xc0
#define TCG_HIGHWATER 0xd0
#define TCG_ICOUNT_START_INSN 0x98d8
#define TCG_CPU_ENV 0x98f0
#define TCG_REGION 0x98f8

struct tcg_region { /* at TCG_REGION */
	void *start, *start_aligned, *end;
	size_t count, size, stride, current;
};

struct tcg_op {
	uint8_t head[24];
	uint64_t args[11];
};

/* TCGOpcode and TCGCond numbers of QEMU 5.0. */
#define OP_MOVI_I32 0x06
#define OP_MOVI_I64 0x40
#define OP_LD_I64 0x49
#define OP_ST_I64 0x4d
#define OP_SUB_I64 0x4f
#define OP_INSN_START 0x81
#define COND_LT 2
#define TYPE_I64 1

/* uc_struct: the fields used. */
#define UC_STOP_INTERRUPT 0xc8
#define UC_MEMORY_MAP_IO 0xd0
#define UC_CPU 0x180
#define UC_TCG_CTX 0x2c0

#define AT(base, offset, type) (*(type *)((char *)(base) + (offset)))

/* The softmmu access types, and page protection bits. */
#define ACCESS_LOAD 0
#define ACCESS_STORE 1
#define ACCESS_FETCH 2
#define PROT_R 1
#define PROT_W 2
#define PROT_X 4

#endif
