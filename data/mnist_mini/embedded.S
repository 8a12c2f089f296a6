// Puts the two files, whose paths the build passes as MNIST_IMAGES and MNIST_LABELS, into the binary's read-only data.

.section .rodata
.balign 16

.global sid_mnist_images_begin
.global sid_mnist_images_end
sid_mnist_images_begin:
.incbin MNIST_IMAGES
sid_mnist_images_end:

.global sid_mnist_labels_begin
.global sid_mnist_labels_end
sid_mnist_labels_begin:
.incbin MNIST_LABELS
sid_mnist_labels_end:

// No executable stack: without this note the linker would assume that assembly needs one.
.section .note.GNU-stack, "", %progbits
