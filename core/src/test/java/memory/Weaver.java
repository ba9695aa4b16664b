// Loads the code under test with a hook at everything that needs memory.
package memory;

import java.util.Set;
import model.CopyLoader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** A copy of the code in which memory can run out. */
public final class Weaver extends CopyLoader {
    /** Calls into the JDK that need memory, by name; all are told to do so before they have done anything. */
    private static final Set<String> NEED_MEMORY = Set.of(
            "add",
            "addSuppressed",
            "await",
            "computeIfAbsent",
            "copyOf",
            "copyOfRange",
            "ensureCapacity",
            "filter",
            "format",
            "getLogger",
            "getStackTrace",
            "iterator",
            "join",
            "log",
            "map",
            "minusNanos",
            "now",
            "of",
            "ofNanos",
            "ofNullable",
            "put",
            "removeIf",
            "start",
            "stream",
            "toList",
            "trimToSize",
            "valueOf",
            "values");

    /** Classes that make room in a list before they claim anything, so that to add to it afterwards needs no memory. */
    private static final Set<String> MAKE_ROOM_FIRST = Set.of("Retirement", "PermitQueue");

    private final String untouched;

    /**
     * Makes a loader.
     *
     * @param untouched the class that uses the code under test, without package: its own allocations never fail
     */
    public Weaver(String untouched) {
        super(0);
        this.untouched = untouched;
    }

    @Override
    protected ClassVisitor change(ClassWriter writer, String type) {
        boolean scene = type.equals(untouched) || type.startsWith(untouched + "$");
        return scene ? writer : new Classes(writer, type);
    }

    private static final class Classes extends ClassVisitor {
        private final String type;

        Classes(ClassVisitor next, String type) {
            super(Opcodes.ASM9, next);
            this.type = type;
        }

        @Override
        public MethodVisitor visitMethod(
                int access, String name, String descriptor, String signature, String[] exceptions) {
            MethodVisitor next = super.visitMethod(access, name, descriptor, signature, exceptions);
            // A class whose initializer fails is unusable for ever, also to other tests of this loader.
            return name.equals("<clinit>") ? next : new Code(next, type, name);
        }
    }

    private static final class Code extends MethodVisitor {
        private final String type;
        private final String at;
        private int line;

        Code(MethodVisitor next, String type, String method) {
            super(Opcodes.ASM9, next);
            this.type = type;
            this.at = type + "." + method;
        }

        private void take(String what) {
            hook("take", what);
        }

        private void hook(String method, String what) {
            super.visitLdcInsn(at + ":" + line + ", " + what);
            super.visitMethodInsn(Opcodes.INVOKESTATIC, "memory/Memory", method, "(Ljava/lang/String;)V", false);
        }

        @Override
        public void visitLineNumber(int number, Label start) {
            line = number;
            super.visitLineNumber(number, start);
        }

        @Override
        public void visitTypeInsn(int opcode, String allocated) {
            super.visitTypeInsn(opcode, allocated);
            if (opcode == Opcodes.NEW || opcode == Opcodes.ANEWARRAY) {
                take("new " + allocated); // after it: frames refer to the place of the instruction itself
            }
        }

        @Override
        public void visitIntInsn(int opcode, int operand) {
            super.visitIntInsn(opcode, operand);
            if (opcode == Opcodes.NEWARRAY) {
                take("new array");
            }
        }

        /** Lambdas, and the joining of strings. A lambda that refers to nothing needs memory only when it is linked. */
        @Override
        public void visitInvokeDynamicInsn(String name, String descriptor, Handle bootstrap, Object... arguments) {
            take(name);
            super.visitInvokeDynamicInsn(name, descriptor, bootstrap, arguments);
        }

        @Override
        public void visitMethodInsn(int opcode, String owner, String name, String descriptor, boolean isInterface) {
            boolean java = owner.startsWith("java/");
            // On Java 17 a thread that has to queue for a lock needs memory for that.
            boolean queues = type.equals("SpinThenParkLock") && opcode == Opcodes.INVOKESPECIAL && name.equals("lock");
            boolean hasRoom = MAKE_ROOM_FIRST.contains(type) && name.equals("add");
            if ((java && NEED_MEMORY.contains(name) && !hasRoom) || queues) {
                take(name);
            }
            if (owner.equals("java/lang/Thread$Builder$OfVirtual") && name.equals("start")) {
                hook("takeTurn", name);
            }
            super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
            // A hash table first takes its new element in and then grows.
            if (owner.equals("java/util/Set") && name.equals("add")) {
                take("grow");
            }
        }
    }
}
