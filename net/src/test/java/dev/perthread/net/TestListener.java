package dev.perthread.net;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** A listening socket of a test server: TCP, TLS or Unix, behind one interface. */
interface TestListener extends Closeable {
    /** One accepted connection. */
    interface Line extends Closeable {
        InputStream in() throws IOException;

        OutputStream out() throws IOException;

        SocketAddress remote();
    }

    Line accept() throws IOException;

    /** Connects from an address of its own, to be told from others; says nothing. */
    Closeable knock(SocketAddress[] from) throws IOException;

    SocketAddress address();

    /** On TCP; if it is an {@code SSLServerSocket}, on TLS. */
    static TestListener of(ServerSocket listener) {
        return new TestListener() {
            @Override
            public Line accept() throws IOException {
                Socket socket = listener.accept();
                socket.setTcpNoDelay(true);
                return new Line() {
                    @Override
                    public InputStream in() throws IOException {
                        return socket.getInputStream();
                    }

                    @Override
                    public OutputStream out() throws IOException {
                        return socket.getOutputStream();
                    }

                    @Override
                    public SocketAddress remote() {
                        return socket.getRemoteSocketAddress();
                    }

                    @Override
                    public void close() throws IOException {
                        socket.close();
                    }
                };
            }

            @Override
            public Closeable knock(SocketAddress[] from) throws IOException {
                Socket socket = new Socket();
                socket.bind(new InetSocketAddress(TestServer.address("127.0.0.1"), 0));
                from[0] = socket.getLocalSocketAddress();
                return () -> {
                    try (socket) {
                        socket.connect(listener.getLocalSocketAddress());
                    }
                };
            }

            @Override
            public SocketAddress address() {
                return listener.getLocalSocketAddress();
            }

            @Override
            public void close() throws IOException {
                listener.close();
            }
        };
    }

    /** On a Unix socket in a directory of its own. */
    static TestListener unix() throws IOException {
        Path directory = Files.createTempDirectory("perthread");
        Path path = directory.resolve("socket");
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(path), 200);
        return new TestListener() {
            @Override
            public Line accept() throws IOException {
                SocketChannel channel = listener.accept();
                SocketAddress remote = channel.getRemoteAddress();
                return new Line() {
                    @Override
                    public InputStream in() {
                        return Channels.newInputStream(channel);
                    }

                    @Override
                    public OutputStream out() {
                        return new OutputStream() { // the one of Java 17 waits while another thread reads
                            @Override
                            public void write(int one) throws IOException {
                                write(new byte[] {(byte) one}, 0, 1);
                            }

                            @Override
                            public void write(byte[] bytes, int from, int length) throws IOException {
                                ByteBuffer buffer = ByteBuffer.wrap(bytes, from, length);
                                while (buffer.hasRemaining()) {
                                    channel.write(buffer);
                                }
                            }
                        };
                    }

                    @Override
                    public SocketAddress remote() {
                        return remote;
                    }

                    @Override
                    public void close() throws IOException {
                        channel.close();
                    }
                };
            }

            @Override
            public Closeable knock(SocketAddress[] from) throws IOException {
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                Path own = Files.createTempFile(directory, "knock", "");
                Files.delete(own);
                channel.bind(UnixDomainSocketAddress.of(own));
                from[0] = channel.getLocalAddress();
                return () -> {
                    try (channel) {
                        channel.connect(UnixDomainSocketAddress.of(path));
                    } finally {
                        Files.delete(own);
                    }
                };
            }

            @Override
            public SocketAddress address() {
                return UnixDomainSocketAddress.of(path);
            }

            @Override
            public void close() throws IOException {
                listener.close();
                Files.deleteIfExists(path);
                Files.deleteIfExists(directory);
            }
        };
    }
}
