/** The image that is asked about: a file of the user's, or an image of the catalogue. */

/** A file, as chosen, dropped or pasted. */
export function fileSubject(file) {
  return {
    name: file.name || "Pasted image",
    url: URL.createObjectURL(file),
    file,
    addTo: (form) => form.append("image", file, file.name || "pasted"),
    release() {
      URL.revokeObjectURL(this.url);
    },
  };
}

/** An image of the catalogue; path: where its picture is. */
export function catalogueSubject(imageId, name) {
  return {
    name: name || "Image of the catalogue",
    imageId,
    path: `/v1/images/${imageId}`,
    addTo: (form) => form.append("image_id", imageId),
    release() {},
  };
}
