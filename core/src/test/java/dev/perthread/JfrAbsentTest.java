package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Flight Recorder and JMX cost nothing where they are not used, and are not needed where they are missing. */
class JfrAbsentTest {

    private static void usedInEveryWay(List<String> lines) {
        assertThat(Collections.frequency(lines, "timeout")).isEqualTo(3);
        assertThat(Collections.frequency(lines, "leaked 1")).isEqualTo(3);
        assertThat(lines).endsWith("done");
    }

    @Test
    void everythingWorksWithTheBaseModuleAlone() throws Exception {
        usedInEveryWay(ForkedJvm.run(List.of("--limit-modules", "java.base"), "outside.Scopes", "scopes"));
    }

    @Test
    void whoAsksForJmxWithoutItsModuleIsTold() throws Exception {
        assertThat(ForkedJvm.run(List.of("--limit-modules", "java.base"), "outside.Scopes", "not-shown"))
                .containsExactly("db: JMX needs module java.management; java --add-modules java.management adds it");
    }

    /** To load one event's class would start it, which takes a second. */
    @Test
    void whileNobodyRecordsNothingOfFlightRecorderIsLoadedButWhatSaysSo() throws Exception {
        List<String> lines = ForkedJvm.run(List.of("-Xlog:class+load:stdout"), "outside.Scopes", "scopes");
        assertThat(lines.stream().filter(line -> line.contains("dev.perthread.Jfr")))
                .isNotEmpty();
        assertThat(lines.stream()
                        .map(line -> line.replaceFirst(".*\\] ", "").replaceFirst(" .*", ""))
                        .filter(type -> type.startsWith("jdk.jfr.") || type.startsWith("dev.perthread.JfrEvents")))
                .containsExactly("jdk.jfr.FlightRecorder");
        assertThat(lines).anyMatch(line -> line.endsWith("done"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "allocated",
                "allocated-among-others",
                "allocated-with-failures",
                "allocated-by-call",
                "allocated-by-call-with-failures",
                "allocated-recording" // with the default settings
            })
    void aScopeOnAKeptResourceAllocatesNothing(String how) throws Exception {
        assertThat(ForkedJvm.run(List.of(), "outside.Scopes", how)).containsExactly("allocated 0");
    }

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "no virtual threads")
    void aRecordingStartedUnderManyVirtualThreadsPinsNoneOfThem() throws Exception {
        assertThat(ForkedJvm.run(List.of(), "outside.Scopes", "recorded-late")).containsExactly("done");
    }

    /** Many virtual threads that link the same lambda pin each other. */
    @Test
    @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "no virtual threads")
    void waitingAtTheLimitLinksNothingForAListenerWhereThereIsNone() throws Exception {
        List<String> lines = ForkedJvm.run(List.of("-Xlog:class+load:stdout"), "outside.Scopes", "recorded-late");
        assertThat(lines).anyMatch(line -> line.endsWith("done"));
        assertThat(lines).anyMatch(line -> line.contains("dev.perthread.Reaper$$Lambda"));
        assertThat(lines).noneMatch(line -> line.contains("dev.perthread.Observer$$Lambda"));
    }
}
