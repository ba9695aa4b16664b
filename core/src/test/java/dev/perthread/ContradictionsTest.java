package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Probe;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** An option that has no effect with the others is refused by {@code build()}, in words; so is a value out of range. */
class ContradictionsTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private static PerThread.Builder<Probe, RuntimeException> builder() {
        return PerThread.builder(Probe::new);
    }

    /** What needs a resource that outlives its scope, by name. */
    private static Map<String, Consumer<PerThread.Builder<Probe, RuntimeException>>> keeping() {
        Map<String, Consumer<PerThread.Builder<Probe, RuntimeException>>> options = new LinkedHashMap<>();
        options.put("idleTimeout", builder -> builder.idleTimeout(SECOND));
        options.put("maxAge", builder -> builder.maxAge(SECOND));
        options.put("check", builder -> builder.check(probe -> true));
        options.put("reset", builder -> builder.reset(Probe::use));
        options.put("reuse", builder -> builder.reuse(ReusePolicy.WHEN_DONE));
        options.put("invalidateWhen", builder -> builder.invalidateWhen(failure -> false));
        return options;
    }

    /** What needs a resource that is shared by threads. */
    private static Map<String, Consumer<PerThread.Builder<Probe, RuntimeException>>> lending() {
        Map<String, Consumer<PerThread.Builder<Probe, RuntimeException>>> options = new LinkedHashMap<>();
        options.put("maxUses", builder -> builder.maxUses(1));
        options.put("minIdle", builder -> builder.minIdle(1));
        options.put("maxIdle", builder -> builder.maxIdle(1));
        return options;
    }

    private static void assertRefused(PerThread.Builder<?, ?> builder, String message) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void whatNeedsAResourceThatIsKept_mustBeRefusedWithClose() {
        keeping().forEach((option, apply) -> {
            PerThread.Builder<Probe, RuntimeException> builder = builder();
            apply.accept(builder);
            assertRefused(
                    builder,
                    option + " has no effect with whenIdle(CLOSE), where nothing outlives its scope; leave it out, or"
                            + " build with whenIdle(KEEP) or whenIdle(LEND)");
        });
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void whatNeedsAResourceThatIsKept_mustBeTakenOtherwise(IdlePolicy whenIdle) {
        keeping().forEach((option, apply) -> {
            PerThread.Builder<Probe, RuntimeException> builder = builder().whenIdle(whenIdle);
            apply.accept(builder);
            builder.build().close();
        });
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "LEND")
    void whatNeedsAResourceThatIsLent_mustBeRefusedOtherwise(IdlePolicy whenIdle) {
        lending().forEach((option, apply) -> {
            PerThread.Builder<Probe, RuntimeException> builder = builder().whenIdle(whenIdle);
            apply.accept(builder);
            assertRefused(
                    builder,
                    option + " has no effect with whenIdle(" + whenIdle
                            + "), where no resource is shared by threads; leave it out, or build with whenIdle(LEND)");
        });
    }

    @Test
    void whatNeedsALimitOrACheck_mustBeRefusedWithout() {
        assertRefused(
                builder().maxWaiting(1),
                "maxWaiting has no effect without a limit, where no thread waits; add limit, or leave it out");
        assertRefused(
                builder().whenIdle(IdlePolicy.KEEP).checkAfterIdle(SECOND),
                "checkAfterIdle has no effect without a check; add check, or leave it out");
        assertRefused(
                builder().whenIdle(IdlePolicy.KEEP).checkIdleEvery(SECOND),
                "checkIdleEvery has no effect without a check; add check, or leave it out");
    }

    @Test
    void numbersThatContradictEachOther_mustBeRefused() {
        PerThread.Builder<Probe, RuntimeException> lends = builder().whenIdle(IdlePolicy.LEND);
        assertRefused(lends.minIdle(3).maxIdle(2), "maxIdle must not be less than minIdle (3), but was 2");
        assertRefused(lends.maxIdle(4).limit(2), "minIdle must not be more than limit (2), but was 3");
        assertRefused(
                lends.minIdle(0).maxIdle(3),
                "maxIdle must not be more than limit (2), where it has no effect, but was 3");
        assertThatThrownBy(() -> lends.openBackoff(SECOND, Duration.ofMillis(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("most must not be less than first (PT1S), but was PT0.001S");
    }

    @ParameterizedTest
    @EnumSource(value = IdlePolicy.class, mode = Mode.EXCLUDE, names = "CLOSE")
    void checkThatIsDueAfterTheEndOfAResource_mustBeRefused(IdlePolicy whenIdle) {
        Duration longer = SECOND.plusNanos(1);
        PerThread.Builder<Probe, RuntimeException> builder =
                builder().whenIdle(whenIdle).check(probe -> true).maxAge(SECOND).checkAfterIdle(longer);
        assertRefused(builder, tooLong("checkAfterIdle", "maxAge"));
        builder.maxAge(longer).idleTimeout(SECOND);
        assertRefused(builder, tooLong("checkAfterIdle", "idleTimeout"));
        builder.checkIdleEvery(SECOND).build().close(); // checked in the background only
        builder.checkIdleEvery(longer);
        assertRefused(builder, tooLong("checkIdleEvery", "idleTimeout"));
        builder.idleTimeout(longer).build().close();
    }

    private static String tooLong(String option, String end) {
        return option + " must not be more than " + end + " (PT1S), or nothing is ever checked, but was PT1.000000001S";
    }

    @Test
    void whatIsAboutTheNextUse_mustBeRefused_whereThereIsNone() {
        String rest = " has no effect with maxUses(1), where nothing is used again; leave one of them out";
        PerThread.Builder<Probe, RuntimeException> once =
                builder().whenIdle(IdlePolicy.LEND).maxUses(1);
        assertRefused(once.invalidateWhen(failure -> false), "invalidateWhen" + rest);
        assertRefused(once.reset(Probe::use), "reset" + rest);
        once.maxUses(2).build().close();
    }

    @Test
    void valueOutOfRange_mustBeRefused_sayingWhatItMustBe() {
        Map<String, Consumer<PerThread.Builder<Probe, RuntimeException>>> wrong = new LinkedHashMap<>();
        wrong.put("maxWaiting must be 0 or more, but was -1", builder -> builder.maxWaiting(-1));
        wrong.put("minIdle must be 0 or more, but was -1", builder -> builder.minIdle(-1));
        wrong.put("maxIdle must be 0 or more, but was -1", builder -> builder.maxIdle(-1));
        wrong.put("maxUses must be 1 or more, but was 0", builder -> builder.maxUses(0));
        wrong.put("limit must be 1 or more, but was 0", builder -> builder.limit(0));
        wrong.put("openTimeout must be more than zero, but was PT0S", builder -> builder.openTimeout(Duration.ZERO));
        wrong.put(
                "closerTimeout must be more than zero, but was PT0S", builder -> builder.closerTimeout(Duration.ZERO));
        wrong.put(
                "warnWhenHeldFor must be more than zero, but was PT0S",
                builder -> builder.warnWhenHeldFor(Duration.ZERO));
        wrong.put(
                "checkIdleEvery must be more than zero, but was PT0S",
                builder -> builder.checkIdleEvery(Duration.ZERO));
        wrong.put(
                "checkAfterIdle must be more than zero, but was PT0S",
                builder -> builder.checkAfterIdle(Duration.ZERO));
        wrong.put("first must be more than zero, but was PT0S", builder -> builder.openBackoff(Duration.ZERO, SECOND));
        wrong.forEach((message, apply) -> assertThatThrownBy(() -> apply.accept(builder()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message));
    }

    @Test
    void refusedBuild_mustLeaveNothing_andTheBuilderUsable() {
        PerThread.Builder<Probe, RuntimeException> builder = builder().maxAge(SECOND);
        assertThatThrownBy(builder::build).isInstanceOf(IllegalArgumentException.class);
        try (PerThread<Probe, RuntimeException> pool =
                builder.whenIdle(IdlePolicy.KEEP).build()) {
            assertThat(pool.stats().opened()).isZero();
        }
    }
}
