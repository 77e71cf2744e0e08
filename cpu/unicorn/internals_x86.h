/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CPUX86State of libunicorn 2.0.1.post1 (QEMU 5.0): the fields used here.
 * internals_check.c checks the layout at start-up.
 */
#ifndef VMRR_INTERNALS_X86_H
#define VMRR_INTERNALS_X86_H

#include "internals_qemu.h"

struct x86_segment_cache {
	uint32_t selector, pad;
	uint64_t base;
	uint32_t limit, flags;
};

struct x86_env {
	uint64_t regs[16];
	uint64_t eip, eflags;
	uint64_t cc_dst, cc_src, cc_src2;
	uint32_t cc_op;
	int32_t df;
	uint32_t hflags, hflags2;
	struct x86_segment_cache segs[6], ldt, tr, gdt, idt;
	uint64_t cr[5];
	int32_t a20_mask, pad0;
	uint64_t mpx[11];
	uint64_t efer;
	int32_t start_init_save;
	uint32_t fpstt;
	uint16_t fpus, fpuc;
	uint8_t fptags[8];
	uint32_t pad1;
	uint8_t fpregs[8][16];
	uint16_t fpop, fpcs, fpds, pad2;
	uint64_t fpip, fpdp;
	uint8_t fp_status[8], ft0[16], mmx_status[8], sse_status[8];
	uint32_t mxcsr, pad3;
	uint8_t xmm[32][64];
	uint8_t avx[4768 - 2840];
	uint32_t sysenter_cs, pad4;
	uint64_t sysenter_esp, sysenter_eip;
	uint64_t star, vm_hsave, lstar, cstar, fmask, kernelgsbase;
	uint64_t tsc, tsc_adjust, tsc_deadline, tsc_aux, xcr0;
	uint64_t mcg_status, misc_enable, feature_control;
	uint64_t perf[43];
	uint64_t pat;
	uint8_t unused0[5352 - 5256];
	int32_t error_code, exception_is_int;
	uint64_t exception_next_eip;
	uint64_t dr[8];
	void *guest_breakpoints[4];
	int32_t old_exception;
	uint8_t unused1[5536 - 5468];
	int32_t end_reset_fields;
	uint8_t unused2[5600 - 5540];
	uint64_t features[34];
	uint8_t unused3[6288 - 5872];
	uint64_t mtrr_fixed[11], mtrr_deftype, mtrr_var[16];
};
ASSERT_AT(struct x86_env, eip, 0x80);
ASSERT_AT(struct x86_env, hflags, 0xb0);
ASSERT_AT(struct x86_env, segs, 0xb8);
ASSERT_AT(struct x86_env, cr, 0x1a8);
ASSERT_AT(struct x86_env, a20_mask, 0x1d0);
ASSERT_AT(struct x86_env, efer, 0x230);
ASSERT_AT(struct x86_env, fpstt, 0x23c);
ASSERT_AT(struct x86_env, fpregs, 592);
ASSERT_AT(struct x86_env, fp_status, 744);
ASSERT_AT(struct x86_env, mxcsr, 0x310);
ASSERT_AT(struct x86_env, xmm, 0x318);
ASSERT_AT(struct x86_env, star, 0x12b8);
ASSERT_AT(struct x86_env, kernelgsbase, 4832);
ASSERT_AT(struct x86_env, misc_enable, 4888);
ASSERT_AT(struct x86_env, pat, 5248);
ASSERT_AT(struct x86_env, error_code, 5352);
ASSERT_AT(struct x86_env, dr, 0x14f8);
ASSERT_AT(struct x86_env, old_exception, 5464);
ASSERT_AT(struct x86_env, end_reset_fields, 5536);
ASSERT_AT(struct x86_env, features, 0x15e0);
ASSERT_AT(struct x86_env, mtrr_fixed, 6288);

#define X86_ENV_OFFSET 0x8750 /* env lies in the CPU object behind CPUState */

/* env->features[] */
#define FEAT_1_EDX 0
#define FEAT_1_ECX 1
#define FEAT_7_0_EBX 2
#define FEAT_7_0_ECX 3
#define FEAT_7_0_EDX 4
#define FEAT_8000_0001_EDX 6
#define FEAT_8000_0001_ECX 7
#define FEAT_8000_0007_EDX 8

/* hflags */
#define HF_CPL 3u
#define HF_INHIBIT_IRQ (1u << 3)
#define HF_CS32 (1u << 4)
#define HF_SS32 (1u << 5)
#define HF_ADDSEG (1u << 6)
#define HF_PE (1u << 7)
#define HF_MP_EM_TS (7u << 9)
#define HF_LMA (1u << 14)
#define HF_CS64 (1u << 15)
#define HF_OSFXSR (1u << 22)
#define HF_SMAP (1u << 23)
#define HF_IOBPT (1u << 24)
/* hflags2 */
#define HF2_GIF (1u << 0)
#define HF2_NMI (1u << 2)

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R11 = 11 };
enum { ES, CS, SS, DS, FS, GS };

/* The softmmu indexes of the x86 target. */
#define MMU_KSMAP 0
#define MMU_USER 1
#define MMU_KNOSMAP 2

static inline struct qemu_cpu *x86_cpu(struct x86_env *env)
{
	return (struct qemu_cpu *)((char *)env - X86_ENV_OFFSET);
}

#endif
