package dev.perthread.ref;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.PerThread;
import dev.perthread.net.LazyConnection;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A module that requires PerThread's, compiled and run with PerThread's jars on the module path and nothing else. */
final class ModulePathTest {
    private static final String DESCRIPTOR = """
            module consumer {
                requires transitive dev.perthread.ref;
                exports consumer;
            }
            """;

    private static final String MAIN = """
            package consumer;

            import dev.perthread.Lease;
            import dev.perthread.PerThread;
            import dev.perthread.net.LazyConnection;
            import dev.perthread.ref.LazyConnectionRef;
            import dev.perthread.ref.PerThreadRef;
            import java.io.IOException;
            import java.io.InputStream;

            public final class Main {
                public PerThreadRef<InputStream, IOException> files;
                public LazyConnectionRef connections;
                public LazyConnection one;

                public Main() {}

                public static void main(String[] args) throws IOException {
                    try (PerThread<InputStream, IOException> streams =
                                    PerThread.<InputStream, IOException>builder(InputStream::nullInputStream).build();
                            Lease<InputStream> lease = streams.acquire()) {
                        System.out.println(lease.get().read());
                    }
                }
            }
            """;

    private Path dir;

    @BeforeEach
    void writeConsumer(@TempDir Path temporary) throws Exception {
        dir = temporary;
        Files.createDirectory(dir.resolve("consumer"));
        Files.writeString(dir.resolve("module-info.java"), DESCRIPTOR);
        Files.writeString(dir.resolve("consumer/Main.java"), MAIN);
    }

    @Test
    void consumerModule_mustCompileWithoutWarningsAndRun_withNothingElseOnItsModulePath() throws Exception {
        String jars = jarOf(PerThread.class)
                + File.pathSeparator
                + jarOf(LazyConnection.class)
                + File.pathSeparator
                + jarOf(PerThreadRef.class);
        String classes = dir.resolve("classes").toString();

        assertThat(outputOf(
                        "javac",
                        "-Xlint:all",
                        "-Werror",
                        "-p",
                        jars,
                        "-d",
                        classes,
                        "module-info.java",
                        "consumer/Main.java"))
                .isEmpty();
        assertThat(outputOf("java", "-p", jars + File.pathSeparator + classes, "-m", "consumer/consumer.Main"))
                .isEqualToIgnoringNewLines("-1");
    }

    private static Path jarOf(Class<?> type) throws URISyntaxException {
        Path jar =
                Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
        assertThat(jar).isRegularFile();
        return jar;
    }

    /** What a tool of the JDK that runs this test prints; its exit status where it is not 0. */
    private String outputOf(String tool, String... args) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", tool).toString());
        command.addAll(List.of(args));
        Process process = new ProcessBuilder(command)
                .directory(dir.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        int status = process.waitFor();
        return status == 0 ? output : output + "exit status " + status;
    }
}
