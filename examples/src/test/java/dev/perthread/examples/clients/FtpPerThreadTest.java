package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.CloseReason;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.ThreadKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.apache.commons.net.ftp.FTP;
import org.apache.commons.net.ftp.FTPClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FtpPerThreadTest {
    private static final String HOST = "127.0.0.1";
    private static final String USER = "anonymous";

    @TempDir
    Path directory;

    private ServerProgram server;
    private FtpPerThread ftp;

    @BeforeEach
    void start() throws IOException {
        String program = ServerProgram.require("vsftpd", "vsftpd");
        Assumptions.assumeTrue(System.getProperty("user.name").equals("root"), "vsftpd can be started by root only");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path empty = Files.createDirectory(directory.resolve("empty"));
        Path files = Files.createDirectory(directory.resolve("files"));
        Files.setPosixFilePermissions(
                Files.createDirectory(files.resolve("in")), PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.writeString(files.resolve("hello"), "hello\n");
        server = ServerProgram.start(directory, port -> {
            List<String> settings = List.of(
                    "listen=YES",
                    "listen_address=127.0.0.1",
                    "listen_port=" + port,
                    "background=NO",
                    "anonymous_enable=YES",
                    "no_anon_password=YES",
                    "write_enable=YES",
                    "anon_upload_enable=YES",
                    "anon_root=" + files,
                    "secure_chroot_dir=" + empty,
                    "seccomp_sandbox=NO");
            return List.of(program, write(settings).toString());
        });
        ftp = new FtpPerThread(HOST, server.port(), USER, "", "/");
    }

    private Path write(List<String> settings) {
        try {
            return Files.write(directory.resolve("vsftpd.conf"), settings);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            ftp.close();
            server.close();
        }
    }

    private FTPClient plain() throws IOException {
        FTPClient client = new FTPClient();
        client.connect(HOST, server.port());
        client.login(USER, "");
        client.enterLocalPassiveMode();
        return client;
    }

    private static void list(FTPClient client) throws IOException {
        if (client.printWorkingDirectory() == null) {
            throw new IOException("refused: " + client.getReplyString());
        }
    }

    private static String hello(FTPClient client) throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        client.retrieveFile("hello", content);
        return content.toString(StandardCharsets.UTF_8);
    }

    @Test
    void ftpClient_survivesARestartOfTheServer() throws Exception {
        ftp.close();
        new Comparison<>(
                        "FTPClient",
                        server,
                        IOException.class,
                        this::plain,
                        FTPClient::disconnect,
                        FtpPerThreadTest::list)
                .threadLocals(40)
                .run(() -> new Way() {
                    private final FtpPerThread ours = new FtpPerThread(HOST, server.port(), USER, "", "/");

                    @Override
                    public void use() throws IOException {
                        ours.pool().run(FtpPerThreadTest::list);
                    }

                    @Override
                    public void close() {
                        ours.close();
                    }
                });
    }

    @Test
    void program_runs() throws Exception {
        assertThat(Printed.by(FtpPerThread::main, HOST, "" + server.port(), USER, ""))
                .isEqualTo("in /\n");
    }

    @EachThreadKind
    void filesOfManyThreads_areNotMixed(ThreadKind kind) throws Exception {
        kind.inParallel(32, i -> ftp.store("in/" + kind + i, ("content " + i).getBytes(StandardCharsets.UTF_8)));
        for (int i = 0; i < 32; i++) {
            assertThat(directory.resolve("files/in/" + kind + i)).hasContent("content " + i);
        }
        assertThat(ftp.pool().stats().mostOpen()).isBetween(1, 8);
    }

    @EachThreadKind
    void directoryAndType_areResetForTheNextThread(ThreadKind kind) throws Exception {
        ftp.pool().run(client -> {
            client.changeWorkingDirectory("in");
            client.setFileType(FTP.ASCII_FILE_TYPE);
        });
        assertThat(kind.<String>call(() -> ftp.pool().<String, IOException>call(FTPClient::printWorkingDirectory)))
                .isEqualTo("/");
        byte[] lines = "two\r\nlines".getBytes(StandardCharsets.UTF_8); // which ASCII would change
        ftp.store("in/" + kind, lines);
        assertThat(directory.resolve("files/in/" + kind)).hasBinaryContent(lines);
        assertThat(ftp.pool().stats().opened()).isEqualTo(1);
    }

    /** The reply of the transfer is still to come: the next thread would take it for the reply to its own command. */
    @EachThreadKind
    void clientWithAPendingCommand_isNotReused(ThreadKind kind) throws Exception {
        ftp.pool().run(FtpPerThreadTest::readWithoutCompleting);
        assertThat(ftp.pool().stats().closedByReason()).containsOnlyKeys(CloseReason.RESET_FAILED);
        assertThat(kind.<String>call(() -> ftp.pool().<String, IOException>call(FtpPerThreadTest::hello)))
                .isEqualTo("hello\n");

        FTPClient obvious = plain();
        try {
            readWithoutCompleting(obvious);
            assertThat(obvious.sendNoOp())
                    .as("the usual check, which reads the reply of the transfer")
                    .isTrue();
            assertThat(obvious.printWorkingDirectory())
                    .as("the answer to NOOP, taken for its own")
                    .isNull();
        } finally {
            obvious.disconnect();
        }
    }

    private static void readWithoutCompleting(FTPClient client) throws IOException {
        try (InputStream content = client.retrieveFileStream("hello")) {
            content.readAllBytes();
        }
    }
}
