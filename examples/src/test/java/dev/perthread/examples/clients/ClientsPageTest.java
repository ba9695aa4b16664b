package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The code of docs/clients.md is that of the programs, which compiles and runs. */
class ClientsPageTest {
    private static final Path PROGRAMS = Path.of("src/main/java/dev/perthread/examples/clients");

    @Test
    void clientsPage_showsEachProgramAsItIs_andLinksIt() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "clients.md"));
        try (Stream<Path> files = Files.list(PROGRAMS)) {
            List<Path> programs =
                    files.filter(file -> !file.endsWith("package-info.java")).toList();
            assertThat(programs).isNotEmpty();
            assertThat(programs).allSatisfy(program -> {
                assertThat(page).contains("```java\n" + shown(program) + "```");
                assertThat(page).contains("(../examples/" + program.toString().replace('\\', '/') + ")");
            });
        }
    }

    /** What is between the marks, less the indentation of a class's members. */
    private static String shown(Path program) throws IOException {
        String source = Files.readString(program);
        int from = source.indexOf("// docs: start\n") + "// docs: start\n".length();
        return source.substring(from, source.indexOf("    // docs: end", from)).replaceAll("(?m)^    ", "");
    }
}
