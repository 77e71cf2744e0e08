/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Model-specific registers. The library knows some, reads 0 for every other
 * and never faults; an operating system probes by #GP(0). So the known ones
 * are listed here, the local APIC's are asked of the board, and the rest fault.
 * Sources: Intel SDM vol. 4; AMD BKDG for family 0Fh, section "MSRs".
 */

#define MSR_TSC 0x10
#define MSR_EFER 0xc0000080
#define MSR_PAT 0x277
#define FEATURE_MTRR (1u << 12)

enum msr_kind {
	MSR_UNKNOWN,
	MSR_KEPT, /* the library stores it */
	MSR_CANONICAL, /* stored, and must be a canonical address */
	MSR_ZERO, /* exists, reads 0, ignores writes */
};

static enum msr_kind msr_kind(const struct x86_env *env, uint32_t index)
{
	switch (index) {
	case 0x174: /* IA32_SYSENTER_CS */
	case MSR_PAT:
	case MSR_EFER:
	case 0xc0000081: /* STAR */
	case 0xc0000084: /* FMASK */
	case 0xc0000103: /* TSC_AUX */
	case 0x1a0: /* IA32_MISC_ENABLE */
		return MSR_KEPT;
	case 0x175: /* IA32_SYSENTER_ESP */
	case 0x176: /* IA32_SYSENTER_EIP */
	case 0xc0000082: /* LSTAR */
	case 0xc0000083: /* CSTAR */
	case 0xc0000100: /* FS_BASE */
	case 0xc0000101: /* GS_BASE */
	case 0xc0000102: /* KERNEL_GS_BASE */
		return MSR_CANONICAL;
	case 0x8b: /* microcode revision */
	case 0x17: /* IA32_PLATFORM_ID */
	case 0xc0010010: /* SYSCFG */
	case 0xc0010015: /* HWCR */
	case 0xc001001f: /* NB_CFG */
	case 0xc0010055: /* interrupt pending and C1E */
	case 0xc0010020: /* PATCH_LOADER */
	case 0xc0011022: /* DC_CFG */
	case 0xc0011029: /* DE_CFG */
		return MSR_ZERO;
	}
	bool mtrr = (index >= 0x200 && index <= 0x20f) || index == 0x250 || index == 0x258 ||
		    index == 0x259 || (index >= 0x268 && index <= 0x26f) || index == 0x2ff ||
		    index == 0xfe;
	return mtrr && (env->features[FEAT_1_EDX] & FEATURE_MTRR) ? MSR_KEPT : MSR_UNKNOWN;
}

ORIGINAL(void, helper_rdmsr, void *)
ORIGINAL(void, helper_wrmsr, void *)

static void set_edx_eax(struct x86_env *env, uint64_t value)
{
	env->regs[RAX] = (uint32_t)value;
	env->regs[RDX] = value >> 32;
}

void T(helper_rdmsr)(void *env)
{
	struct vmrr_engine *e = engine_of_env(env);
	struct x86_env *x = env;
	uint32_t index = x->regs[RCX];
	uint64_t value = 0;
	if (!e) {
		real_helper_rdmsr(env);
		return;
	}
	switch (msr_kind(x, index)) {
	case MSR_KEPT:
	case MSR_CANONICAL:
		real_helper_rdmsr(env);
		return;
	case MSR_ZERO:
		break;
	case MSR_UNKNOWN:
		/* Time, or the board's: RDMSR does not end its block by itself. */
		T(make_exact)(e, RA);
		if (index == MSR_TSC)
			value = T(cpu_get_tsc)(env);
		else if (!vmrrReadMSR(e->config.token, index, &value))
			T(raise_exception_err_ra)(env, VECTOR_GP, 0, RA);
		break;
	}
	set_edx_eax(x, value);
}

static bool efer_allowed(const struct x86_env *x, uint64_t value)
{
	uint64_t known = EFER_LMA;
	if (x->features[FEAT_8000_0001_EDX] & (1u << 11))
		known |= EFER_SCE;
	if (x->features[FEAT_8000_0001_EDX] & (1u << 29))
		known |= EFER_LME;
	if (x->features[FEAT_8000_0001_EDX] & (1u << 20))
		known |= EFER_NXE;
	if (x->features[FEAT_8000_0001_EDX] & (1u << 25))
		known |= EFER_FFXSR;
	bool lme_changes = (value ^ x->efer) & EFER_LME;
	return !(value & ~known) && !(lme_changes && (x->cr[0] & CR0_PG));
}

static bool pat_allowed(uint64_t value)
{
	for (int i = 0; i < 64; i += 8) {
		uint8_t type = value >> i;
		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

void T(helper_wrmsr)(void *env)
{
	struct vmrr_engine *e = engine_of_env(env);
	struct x86_env *x = env;
	uint32_t index = x->regs[RCX];
	uint64_t value = (uint32_t)x->regs[RAX] | x->regs[RDX] << 32;
	uint64_t old_efer = x->efer;
	bool bad = false;
	if (!e) {
		real_helper_wrmsr(env);
		return;
	}
	switch (msr_kind(x, index)) {
	case MSR_CANONICAL:
		bad = (int64_t)value >> 47 != 0 && (int64_t)value >> 47 != -1;
		break;
	case MSR_KEPT:
		bad = (index == MSR_EFER && !efer_allowed(x, value)) ||
		      (index == MSR_PAT && !pat_allowed(value)) || index == 0xfe;
		break;
	case MSR_ZERO:
		return;
	case MSR_UNKNOWN:
		T(make_exact)(e, RA);
		if (index == MSR_TSC)
			x->tsc_adjust = value - engine_now(e);
		else if (!vmrrWriteMSR(e->config.token, index, value))
			T(raise_exception_err_ra)(env, VECTOR_GP, 0, RA);
		return;
	}
	if (bad)
		T(raise_exception_err_ra)(env, VECTOR_GP, 0, RA);
	real_helper_wrmsr(env);
	if ((old_efer ^ x->efer) & EFER_NXE)
		T(tlb_flush)(e->cpu); /* it changes which entries fault */
}
