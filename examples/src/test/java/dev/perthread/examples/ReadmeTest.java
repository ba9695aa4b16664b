package dev.perthread.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The README tells of every example, and of no other. */
class ReadmeTest {
    @Test
    void everyProgramHasItsCommandAndEveryCommandItsProgram() throws Exception {
        List<String> told = Pattern.compile("dev\\.perthread\\.examples\\.([A-Za-z]+)")
                .matcher(Files.readString(Path.of("README.md")))
                .results()
                .map((MatchResult command) -> command.group(1))
                .distinct()
                .sorted()
                .toList();
        try (Stream<Path> sources = Files.list(Path.of("src/main/java/dev/perthread/examples"))) {
            assertThat(told)
                    .isEqualTo(sources.filter(Files::isRegularFile)
                            .map(source -> source.getFileName().toString().replace(".java", ""))
                            .filter(name -> !name.equals("package-info"))
                            .sorted()
                            .toList());
        }
    }
}
