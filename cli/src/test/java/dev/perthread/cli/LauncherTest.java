package dev.perthread.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;

/** The launcher: finds itself and a Java, builds what is missing, and gets out of the way. The build is a stand-in. */
class LauncherTest {
    private static final Path REPOSITORY = Path.of("..").toAbsolutePath().normalize();
    private static final Path REAL_JAVA = Path.of(System.getProperty("java.home"));
    private static final String GOOD_BUILD = """
            #!/bin/sh
            echo "built with $*" >>builds
            mkdir -p cli/target/lib
            cp prepared/perthread.jar cli/target/
            cp prepared/lib/* cli/target/lib/
            """;

    @TempDir
    Path directory;

    private Path clone;
    private Path javaHome;

    /** A copy as after cloning: sources, and nothing built. */
    @BeforeEach
    void fresh_clone() throws IOException {
        clone = Files.createDirectory(directory.resolve("a clone with spaces"));
        Files.copy(REPOSITORY.resolve("perthread"), clone.resolve("perthread"));
        Files.createFile(clone.resolve("pom.xml"));
        for (String module : List.of("core", "net", "cli")) {
            Files.createDirectories(clone.resolve(module).resolve("src/main"));
            Files.createFile(clone.resolve(module).resolve("pom.xml"));
            Files.createFile(clone.resolve(module).resolve("src/main/Source.java"));
        }
        Path lib = Files.createDirectories(clone.resolve("prepared/lib"));
        Files.copy(Cli.JAR, clone.resolve("prepared/perthread.jar"));
        try (Stream<Path> jars = Files.list(Cli.JAR.resolveSibling("lib"))) {
            for (Path jar : jars.toList()) {
                Files.copy(jar, lib.resolve(jar.getFileName()));
            }
        }
        script(clone.resolve("mvnw"), GOOD_BUILD);
        javaHome = javaWithoutArchives();
    }

    /** This Java, but that it makes no archive, which takes seconds: for tests of something else. */
    private Path javaWithoutArchives() throws IOException {
        Path home = directory.resolve("java");
        Files.createDirectories(home.resolve("bin"));
        script(home.resolve("bin/java"), """
                #!/bin/sh
                case " $* " in *" dev.perthread.cli.Rehearsal "*) exit 1 ;; esac
                exec '%s' "$@"
                """.formatted(Cli.JAVA));
        Path release = REAL_JAVA.resolve("release");
        if (Files.exists(release)) {
            Files.copy(release, home.resolve("release"));
        }
        return home;
    }

    private static void script(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Cli.Result launch(Path launcher, List<String> environment, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("env", "JAVA_HOME=" + javaHome));
        command.addAll(environment);
        command.add(launcher.toString());
        command.addAll(List.of(arguments));
        return Cli.runAny(command, directory);
    }

    private Cli.Result launch(String... arguments) throws IOException {
        return launch(clone.resolve("perthread"), List.of(), arguments);
    }

    private long builds() throws IOException {
        Path builds = clone.resolve("builds");
        return Files.exists(builds) ? Files.readAllLines(builds).size() : 0;
    }

    @Test
    void the_first_start_builds_with_one_line_and_the_next_one_does_not() throws Exception {
        Cli.Result first = launch("fetch");
        Cli.Result second = launch("fetch");

        assertThat(first.status()).as(first.err()).isZero();
        assertThat(first.gotLines()).hasSize(2);
        assertThat(first.err().lines()).singleElement().asString().startsWith("perthread: building it first");
        assertThat(second.gotLines()).hasSize(2);
        assertThat(second.err()).isEmpty();
        assertThat(builds()).isEqualTo(1);
    }

    @Test
    void a_newer_source_is_built_again_once_even_if_the_jar_stays_the_same() throws Exception {
        script(clone.resolve("mvnw"), GOOD_BUILD.replace("cp prepared/perthread.jar", "cp -n prepared/perthread.jar"));
        launch("--version");
        Instant later = Instant.now().plusMillis(10);
        await().until(() -> Instant.now().isAfter(later)); // file times are coarse
        Path source = clone.resolve("net/src/main/Source.java");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now()));
        await().until(() -> Instant.now().isAfter(later.plusMillis(10)));

        launch("--version");
        Cli.Result third = launch("--version");

        assertThat(builds()).isEqualTo(2);
        assertThat(third.err()).isEmpty();
    }

    @Test
    void a_failing_build_shows_how_it_ended_and_starts_nothing() throws Exception {
        script(clone.resolve("mvnw"), "#!/bin/sh\nseq 1 100\necho the last word >&2\nexit 7\n");

        Cli.Result result = launch("fetch");

        assertThat(result.status()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .contains("perthread: the build failed", "the last word")
                .doesNotContain("\n50\n");
        assertThat(clone.resolve(".perthread/building")).doesNotExist();
    }

    @Test
    void it_works_through_links_and_from_any_directory() throws Exception {
        Path bin = Files.createDirectory(directory.resolve("bin"));
        Path absolute = Files.createSymbolicLink(bin.resolve("absolute"), clone.resolve("perthread"));
        Path relative = Files.createSymbolicLink(bin.resolve("relative"), Path.of("absolute"));

        assertThat(launch(relative, List.of(), "--version").out()).startsWith("perthread ");
        assertThat(launch(absolute, List.of("CDPATH=/"), "--version").out()).startsWith("perthread ");
    }

    @Test
    void arguments_and_exit_status_pass_through_unchanged() throws Exception {
        Cli.Result result = launch("fetch", "no url, with $HOME * and 'quotes'");

        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err()).contains("'no url, with $HOME * and 'quotes''");
    }

    @Test
    void a_signal_reaches_the_command() throws Exception {
        launch("--version");
        List<String> command = List.of(
                "env",
                "--default-signal=INT,TERM",
                "JAVA_HOME=" + javaHome,
                clone.resolve("perthread").toString(),
                "serve");
        try (Cli site = Cli.startAny(command, directory)) {
            site.awaitOut(" until Ctrl-C");
            site.signal("INT");
            assertThat(site.result().status()).isEqualTo(130);
        }
    }

    @Test
    void without_a_java_it_says_what_is_needed_and_what_it_found() throws Exception {
        Path old = Files.createDirectories(directory.resolve("old"));
        Files.createDirectory(old.resolve("bin"));
        script(old.resolve("bin/java"), "#!/bin/sh\nexit 9\n");
        Files.writeString(old.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"11.0.20\"\n");
        String tools = toolsWithoutJava();

        Cli.Result tooOld = launch(clone.resolve("perthread"), List.of("JAVA_HOME=" + old, "PATH=" + tools), "fetch");
        Cli.Result none = launch(clone.resolve("perthread"), List.of("JAVA_HOME=", "PATH=" + tools), "fetch");

        assertThat(tooOld.status()).isEqualTo(1);
        assertThat(tooOld.err().lines())
                .singleElement()
                .asString()
                .startsWith("perthread: Java 17 or later is needed: JAVA_HOME is Java 11");
        assertThat(none.status()).isEqualTo(1);
        assertThat(none.err().lines()).singleElement().asString().contains("there is no java in PATH");
        assertThat(builds()).isZero();
    }

    @Test
    void a_java_home_that_is_too_old_is_passed_over_for_the_path() throws Exception {
        Path old = Files.createDirectories(directory.resolve("old/bin"));
        script(old.resolve("java"), "#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n");
        String path = javaHome.resolve("bin") + ":" + System.getenv("PATH");

        Cli.Result result = launch(
                clone.resolve("perthread"), List.of("JAVA_HOME=" + old.getParent(), "PATH=" + path), "--version");

        assertThat(result.out()).endsWith("Java " + Runtime.version() + "\n");
    }

    private Path archive() throws IOException {
        try (Stream<Path> files = Files.list(clone.resolve("cli/target"))) {
            return files.filter(file -> file.getFileName().toString().endsWith(".archive"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Java 17 takes nothing from an archive whose jar has a space in its path, as this clone has. */
    @Test
    @EnabledForJreRange(min = JRE.JAVA_21)
    void later_starts_take_their_classes_from_the_archive_of_the_first() throws Exception {
        javaHome = REAL_JAVA;
        launch("--version");
        List<String> log = List.of("JAVA_TOOL_OPTIONS=-Xlog:class+load:file=" + directory.resolve("classes"));
        Cli.Result second = launch(clone.resolve("perthread"), log, "fetch", "-q");

        assertThat(second.out()).contains("2 threads, ");
        List<String> loaded = Files.readAllLines(directory.resolve("classes")).stream()
                .filter(line -> line.contains(" dev.perthread."))
                .toList();
        assertThat(loaded)
                .filteredOn(line -> line.contains("source: shared objects file"))
                .hasSizeGreaterThan(100);
        // What the first start had no occasion to do, such as a round of the reaper's on a busy machine, is not there.
        assertThat(loaded)
                .filteredOn(line -> !line.contains("source: shared objects file"))
                .hasSizeLessThan(10);
    }

    @Test
    void archive_that_cannot_be_used_changes_nothing() throws Exception {
        javaHome = REAL_JAVA;
        Cli.Result first = launch("fetch");
        assertThat(first.gotLines()).hasSize(2);
        assertThat(first.err().lines()).singleElement().asString().startsWith("perthread: building it first");
        Path archive = archive();
        byte[] made = Files.readAllBytes(archive);

        assertFetches(archive, new byte[0], "empty");
        assertFetches(archive, "no archive at all".repeat(1000).getBytes(UTF_8), "garbage");
        assertFetches(archive, Arrays.copyOf(made, made.length / 2), "cut");
        try (Stream<Path> jars = Files.list(clone.resolve("cli/target/lib"))) {
            for (Path jar : jars.toList()) {
                Files.setLastModifiedTime(jar, FileTime.from(Instant.EPOCH.plusSeconds(1)));
            }
        }
        assertFetches(archive, made, "of other jars");
        assertThat(builds()).isEqualTo(1);
    }

    private void assertFetches(Path archive, byte[] content, String what) throws IOException {
        Files.delete(archive); // it may be read-only
        Files.write(archive, content);
        Cli.Result result = launch("fetch");

        assertThat(result.err()).as(what).isEmpty();
        assertThat(result.gotLines()).as(what).hasSize(2);
        assertThat(archive).as(what).hasBinaryContent(content); // and was not made anew
    }

    /** A signal to it is refused, which does not mean that it has ended. */
    @Test
    void build_of_another_user_is_waited_for() throws Exception {
        Path lock = Files.createDirectories(clone.resolve(".perthread/building"));
        Files.writeString(lock.resolve("pid"), "1\n");
        List<String> command = new ArrayList<>(List.of("env", "JAVA_HOME=" + REAL_JAVA));
        if (System.getProperty("user.name").equals("root")) { // which may signal any process
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
            Files.setPosixFilePermissions(clone.resolve(".perthread"), PosixFilePermissions.fromString("rwxrwxrwx"));
            command.addAll(0, List.of("setpriv", "--reuid=65534", "--clear-groups"));
        }
        command.add(clone.resolve("perthread").toString());
        try (Cli launched = Cli.startAny(command, directory)) {
            launched.awaitErr("waiting for another build");
            assertThat(lock.resolve("pid")).hasContent("1");
        }
        assertThat(builds()).isZero();
    }

    @Test
    void lock_of_a_build_that_has_ended_is_removed() throws Exception {
        Path lock = Files.createDirectories(clone.resolve(".perthread/building"));
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        Files.writeString(lock.resolve("pid"), ended.pid() + "\n");

        assertThat(launch("--version").out()).startsWith("perthread ");
        assertThat(lock).doesNotExist();
    }

    /** A directory with links to what the launcher uses, so that no java is in PATH. */
    private String toolsWithoutJava() throws IOException {
        Path tools = Files.createDirectory(directory.resolve("tools"));
        for (String tool : List.of("sh", "sed", "head", "dirname", "readlink", "find", "env")) {
            Cli.Result found = Cli.runAny(List.of("sh", "-c", "command -v " + tool), directory);
            Files.createSymbolicLink(tools.resolve(tool), Path.of(found.out().strip()));
        }
        return tools.toString();
    }
}
